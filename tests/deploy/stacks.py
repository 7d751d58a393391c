"""The CloudFormation templates brought up on moto, which stands in for AWS."""

import base64
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.paths import ROOT

boto3 = pytest.importorskip("boto3", reason="make test-deploy installs it")
moto = pytest.importorskip("moto", reason="make test-deploy installs it")

EC2 = ROOT / "deploy" / "ec2"
ALLOWED = "203.0.113.7/32"
GIVEN = {
    "ArtifactUrl": "s3://models/nsmc",
    "ArtifactDigest": "a" * 64,
    "SignatureKey": "M" * 59 + "=",
    "Release": "sentiment-0.1.0.tar.gz",
    "ReleaseDigest": "b" * 64,
    "AllowedCidr": ALLOWED,
}
HOST = "api.example.com"


@dataclass
class Stack:
    """A stack of one of our templates, in an account of its own."""

    name: str
    parameters: dict[str, str]

    def client(self, service: str) -> Any:
        return boto3.client(service)

    def body(self) -> str:
        return (EC2 / f"{self.name}.yaml").read_text("utf-8")

    def arguments(self, body: str) -> dict[str, Any]:
        given = [{"ParameterKey": k, "ParameterValue": v} for k, v in self.parameters.items()]
        return {
            "StackName": self.name,
            "TemplateBody": body,
            "Parameters": given,
            "Capabilities": ["CAPABILITY_IAM"],
        }

    def create(self) -> None:
        self.client("cloudformation").create_stack(**self.arguments(self.body()))

    def update(self, body: str) -> None:
        self.client("cloudformation").update_stack(**self.arguments(body))

    def delete(self) -> None:
        self.client("cloudformation").delete_stack(StackName=self.name)

    def outputs(self) -> dict[str, str]:
        (found,) = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}

    def launch_templates(self) -> list[dict[str, Any]]:
        """What each version of the launch template says, newest last."""
        ec2 = self.client("ec2")
        (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
        answer = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"]
        )
        versions = sorted(answer["LaunchTemplateVersions"], key=lambda one: one["VersionNumber"])
        return [version["LaunchTemplateData"] for version in versions]

    def user_data(self) -> str:
        """The script that a box runs when it starts."""
        return base64.b64decode(self.launch_templates()[-1]["UserData"]).decode()


@contextmanager
def stack(name: str, monkeypatch: pytest.MonkeyPatch, **parameters: str) -> Iterator[Stack]:
    """A stack that has been created, box or fleet; `parameters` are others than GIVEN."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    with moto.mock_aws():
        ec2 = boto3.client("ec2")
        network = {"Vpc": ec2.describe_vpcs()["Vpcs"][0]["VpcId"]}
        subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
        if name == "box":
            network["Subnet"] = subnets[0]
        else:
            network["Subnets"] = ",".join(subnets[:2])
            certificate = boto3.client("acm").request_certificate(DomainName=HOST)
            network |= {"HostName": HOST, "CertificateArn": certificate["CertificateArn"]}
        made = Stack(name, {**GIVEN, **network, **parameters})
        with warnings.catch_warnings():  # moto has no scaling policies in stacks
            warnings.filterwarnings("ignore", "Tried to parse AWS::AutoScaling::ScalingPolicy")
            made.create()
            yield made
