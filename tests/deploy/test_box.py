"""What a box runs when it starts: the user data of the template, in a clean root.

A folder stands in for the bucket. The root has a network of its own, so that nothing it opens is
seen outside: a server of S3 on this machine's loopback is out of its reach, and a box asks AWS
itself, without an endpoint that a test could set. That `--artifacts s3://…` reads, verifies and
serves what such a server holds is tested in `tests/artifacts/bucket`.
"""

import hashlib
import shutil
from pathlib import Path

import pytest

from deploy.build_release import build
from pipeline.workflows.sealing import serialize
from tests.deploy.clean_root import WHEELS, needs_clean_root, run_in_clean_root
from tests.deploy.stacks import stack
from tests.deploy.test_operations import SYSTEMCTL
from tests.support.keys import write_key_pair

pytestmark = needs_clean_root

SIGNAL = """#!/bin/bash
echo "cfn-signal $*"
"""
STAND_INS = {
    "systemctl": SYSTEMCTL,
    "dnf": """#!/bin/bash
[ "$*" = "install --assumeyes --quiet python3.11 nginx" ] || exit 1
useradd --system nginx
""",
    "python3.11": '#!/bin/bash\nexec python3 "$@"\n',
    "aws": """#!/bin/bash
# aws s3 cp --no-progress --region REGION s3://KEY FILE
[ "$1 $2 $3 $4" = "s3 cp --no-progress --region" ] && cp "/given/${6#s3://}" "$7"
""",
}
"""What only Amazon Linux has."""
AFTER = """
curl --silent --fail-with-body http://127.0.0.1/readyz
curl --silent --output /dev/null --write-out 'bodies: %{http_code}' \\
    --data-binary @<(head -c 3000000 /dev/zero) http://127.0.0.1/predict
ls -l /etc/sentiment
"""


@pytest.fixture(scope="module")
def bucket(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as that of the bucket: a release, a signed artifact, and the key."""
    folder = tmp_path_factory.mktemp("given")
    prefix = folder / "models" / "nsmc"
    private, _ = write_key_pair(folder)
    (prefix / "digest").parent.mkdir(parents=True)
    (prefix / "digest").write_text(serialize(sample_root, None, prefix, private))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(WHEELS))
        build(prefix)
    return folder


def parameters(bucket: Path) -> dict[str, str]:
    (release,) = (bucket / "models" / "nsmc").glob("*.tar.gz")
    return {
        "Release": release.name,
        "ReleaseDigest": hashlib.sha256(release.read_bytes()).hexdigest(),
        "ArtifactDigest": (bucket / "models" / "nsmc" / "digest").read_text(),
        "SignatureKey": (bucket / "public.pem").read_text().splitlines()[1],
    }


def started(user_data: str, bucket: Path, tmp_path: Path) -> str:
    """What a box prints that starts with this user data, to the end."""
    # Models on S3 are read from the same folder.
    script = user_data.replace("ARTIFACTS='s3://", "ARTIFACTS='/given/")
    shutil.copytree(bucket / "models", tmp_path / "models")
    (tmp_path / "user-data").write_text(script)
    signal = f"mkdir -p /opt/aws/bin\ncat >/opt/aws/bin/cfn-signal <<'END'\n{SIGNAL}END\n"
    signal += "chmod +x /opt/aws/bin/cfn-signal\n"
    session = f"{signal}bash /given/user-data || exit\n{AFTER}"
    return run_in_clean_root(session, tmp_path, user="root", stand_ins=STAND_INS).stdout


def test_a_box_is_signalled_once_its_server_is_tested(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stack("box", monkeypatch, **parameters(bucket)) as made:
        user_data = made.user_data()
    printed = started(user_data, bucket, tmp_path)
    assert "syntax is ok" in printed
    assert "contract: good" in printed
    assert "cfn-signal --exit-code 0 --region ap-northeast-2 --stack box --resource Box" in printed
    assert '"status":"ready"' in printed
    assert "bodies: 413" in printed, printed


def test_a_changed_release_is_not_run(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = parameters(bucket) | {"ReleaseDigest": "0" * 64}
    with stack("fleet", monkeypatch, **other) as made:
        user_data = made.user_data()
    printed = started(user_data, bucket, tmp_path)
    assert "release.tar.gz: FAILED" in printed
    assert "cfn-signal --exit-code 1" in printed
    assert "--resource Fleet" in printed
