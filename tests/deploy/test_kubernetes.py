"""The manifests against the schemas of Kubernetes, and of KServe as far as a package has them."""

import ast
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cli.serve import command as serve
from tests.support.paths import ROOT

validate = pytest.importorskip("kubernetes_validate", reason="make test-deploy installs it")
yaml = pytest.importorskip("yaml")

FOLDER = ROOT / "deploy" / "kubernetes"
OLDEST, NEWEST = "1.28", "1.37"
KSERVE = {"minReplicas", "maxReplicas", "timeout"}
"""What we use of KServe's own fields of a predictor; all others are those of a pod."""


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text("utf-8")))


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_manifests_are_valid(version: str) -> None:
    for manifest in manifests("sentiment.yaml"):
        validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_predictor_is_a_valid_pod(version: str) -> None:
    (service,) = manifests("inference-service.yaml")
    pod = {key: value for key, value in service["spec"]["predictor"].items() if key not in KSERVE}
    metadata = {"name": "predictor"}
    validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}, version, strict=True
    )


def test_kserve_knows_our_fields() -> None:
    """KServe's SDK carries its schema as classes in its wheel; its dependencies are many."""
    wheels = list((ROOT / ".venv" / "wheels").glob("kserve-*.whl"))
    if not wheels:
        pytest.skip("make test-deploy gets the wheel of kserve")
    (service,) = manifests("inference-service.yaml")
    assert service.keys() <= fields(wheels[0], "v1beta1_inference_service").keys()
    assert service["spec"].keys() <= fields(wheels[0], "v1beta1_inference_service_spec").keys()
    predictor = fields(wheels[0], "v1beta1_predictor_spec")
    assert service["spec"]["predictor"].keys() <= predictor.keys()
    assert {predictor[name] for name in KSERVE} == {"int"}
    assert all(isinstance(service["spec"]["predictor"][name], int) for name in KSERVE)


def fields(wheel: Path, module: str) -> dict[str, str]:
    """The JSON names of a class in that wheel, with their types."""
    with zipfile.ZipFile(wheel) as archive:
        source = archive.read(f"kserve/models/{module}.py").decode()
    types, names = (
        ast.literal_eval(re.search(rf"{name} = (\{{.*?\}})", source, re.DOTALL)[1])  # type: ignore[index]
        for name in ("openapi_types", "attribute_map")
    )
    return {names[attribute]: kind for attribute, kind in types.items()}


def containers() -> list[dict[str, Any]]:
    specs = [
        m["spec"]["template"]["spec"]
        for m in manifests("sentiment.yaml")
        if m["kind"] == "Deployment"
    ]
    specs += [manifests("inference-service.yaml")[0]["spec"]["predictor"]]
    assert all(spec["securityContext"]["runAsNonRoot"] for spec in specs)
    return [container for spec in specs for container in spec["containers"]]


def test_no_container_may_do_more_than_serve() -> None:
    for container in containers():
        security = container["securityContext"]
        assert not security["allowPrivilegeEscalation"]
        assert security["readOnlyRootFilesystem"]
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_nothing_is_open_to_the_world() -> None:
    kinds = {manifest["kind"]: manifest for manifest in manifests("sentiment.yaml")}
    assert kinds["Service"]["spec"]["type"] == "ClusterIP"
    assert "Ingress" not in kinds
    assert kinds["NetworkPolicy"]["spec"]["ingress"][0]["from"]


def test_the_options_are_those_of_serve() -> None:
    for container in containers():
        command, *options = container["args"]
        assert command == "serve"
        parsed = serve.make_context("serve", [*options, "--host", "0.0.0.0"])  # noqa: S104
        assert parsed.params["insecure"]
