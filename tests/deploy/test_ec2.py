"""The CloudFormation templates: linted, created, updated and deleted; what they let in."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.stacks import ALLOWED, EC2, HOST, stack

LINT = "import sys; from cfnlint import runner; sys.argv[0] = 'cfn-lint'; runner.main()"
NAMES = ("box", "fleet")


def run_with(
    command: Sequence[str | Path], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def document_of(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The document, which moto writes as Python does."""
    return ast.literal_eval(str(policy["PolicyDocument"]))


def test_the_linter_is_content() -> None:
    pytest.importorskip("cfnlint")
    templates = sorted(EC2.glob("*.yaml"))
    assert len(templates) == len(NAMES)
    done = run_with([sys.executable, "-c", LINT, "--", *templates], {})
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_created_updated_deleted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stack(name, monkeypatch) as made:
        assert made.outputs()["Url"].startswith("http://1" if name == "box" else f"https://{HOST}")
        assert f"DIGEST='{'a' * 64}'" in made.user_data()
        made.update(made.body().replace("set -eu", "set -eux"))
        assert len(made.launch_templates()) == 2
        made.delete()
        ec2 = made.client("ec2")
        kept = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        assert {one["State"]["Name"] for one in kept} <= {"terminated"}
        assert made.client("iam").list_roles()["Roles"] == []
        assert made.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


@pytest.mark.parametrize("name", NAMES)
def test_only_the_allowed_addresses_come_in(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stack(name, monkeypatch) as made:
        groups = made.client("ec2").describe_security_groups()["SecurityGroups"]
    ours = [group for group in groups if group["GroupName"] != "default"]
    rules = [rule for group in ours for rule in group["IpPermissions"]]
    places = {one["CidrIp"] for rule in rules for one in rule["IpRanges"]}
    assert places == {ALLOWED}
    assert {rule["FromPort"] for rule in rules} == ({80} if name == "box" else {80, 443})
    assert re.findall(r"FromPort: (\d+).*0\.0\.0\.0/0", made.body()) == ["443"]  # to the world


@pytest.mark.parametrize("name", NAMES)
def test_the_role_reads_its_prefix_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stack(name, monkeypatch) as made:
        iam = made.client("iam")
        (role,) = iam.list_roles()["Roles"]
        policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="read-own-prefix")
    get, listing = document_of(policy)["Statement"]
    assert (get["Action"], get["Resource"]) == ("s3:GetObject", "arn:aws:s3:::models/nsmc/*")
    assert (listing["Action"], listing["Resource"]) == ("s3:ListBucket", "arn:aws:s3:::models")
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "nsmc/*"}}
    assert re.findall(r"aws:policy/(\w+)", made.body()) == ["AmazonSSMManagedInstanceCore"]


@pytest.mark.parametrize("name", NAMES)
def test_the_metadata_ask_for_a_token(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stack(name, monkeypatch) as made:
        (version,) = made.launch_templates()
    options = version["MetadataOptions"]
    assert options["HttpTokens"] == "required"
    assert int(options["HttpPutResponseHopLimit"]) == 2
    assert "KeyName" not in version


@pytest.mark.parametrize(("kind", "image"), [("t4g.small", "arm64"), ("c7i.large", "x86_64")])
def test_arm_and_x86(kind: str, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stack("box", monkeypatch, InstanceType=kind) as made:
        ec2 = made.client("ec2")
        (reservation,) = ec2.describe_instances()["Reservations"]
        (instance,) = reservation["Instances"]
        assert instance["InstanceType"] == kind
        name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{image}"
        due = made.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        assert instance["ImageId"] == due


def test_both_templates_share_what_they_say_twice() -> None:
    box, fleet = ((EC2 / f"{name}.yaml").read_text("utf-8") for name in NAMES)
    for start, end in (
        ("\n  Role:", "\n  B"),
        ("MetadataOptions:", "UserData:"),
        ("\nMap", "\nRes"),
    ):
        first, second = (text[text.index(start) :].split(end)[0] for text in (box, fleet))
        assert first == second


def test_terraform_takes_the_same_parameters() -> None:
    """The module brings up the template itself, so it can differ in nothing else."""
    module = (EC2 / "terraform" / "main.tf").read_text("utf-8")
    (passed,) = re.findall(r"parameters = \{\n(.*?)\n  \}", module, re.DOTALL)
    named = re.findall(r"^ *(\w+) += var\.(\w+)$", passed, re.MULTILINE)
    head = (EC2 / "box.yaml").read_text("utf-8").split("\nMappings:")[0]
    parameters = set(re.findall(r"^  (\w+):$", head, re.MULTILINE)) - {"ArmImage", "X86Image"}
    assert {name for name, _ in named} == parameters
    assert [re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name, _ in named] == [
        variable for _, variable in named
    ]
    assert set(re.findall(r'^variable "(\w+)"', module, re.MULTILINE)) >= {v for _, v in named}


def test_terraform_validates_it(tmp_path: Path) -> None:
    """Where terraform is, and its provider for AWS can be had."""
    shutil.copytree(EC2, tmp_path / "ec2")  # it writes beside the module
    terraform = ["terraform", f"-chdir={tmp_path / 'ec2' / 'terraform'}"]
    environment = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    try:
        begun = run_with([*terraform, "init", "-backend=false"], environment)
    except OSError:
        pytest.skip("terraform is not installed")
    if begun.returncode:
        pytest.skip("its provider for AWS cannot be had")
    for step in (["validate"], ["fmt", "-check"]):
        done = run_with([*terraform, *step], environment)
        assert done.returncode == 0, done.stdout
