"""The image's recipe and what runs beside it: linted, by their schemas, with metrics that exist."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.support.paths import ROOT
from tests.support.served import Served, served
from tests.support.waiting import wait_until

yaml = pytest.importorskip("yaml")

FOLDER = ROOT / "deploy" / "docker"
RECIPE = (FOLDER / "Dockerfile").read_text("utf-8")
OF_THE_DEEP_MODEL = {"sentiment_queue_wait_seconds_bucket"}
OF_PROMETHEUS = {"up"}


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8")))


def test_the_linter_is_content() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("make test-deploy installs it")
    done = subprocess.run([hadolint, FOLDER / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_serves_as_nobody_special() -> None:
    for target in ("fast", "onnx"):
        assert re.search(rf"^FROM runtime AS {target}$", RECIPE, re.MULTILINE)
    runtime = RECIPE[RECIPE.index("FROM python AS runtime") :]
    assert re.findall(r"^USER (.*)$", runtime, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^ENTRYPOINT (.*)$", runtime, re.MULTILINE) == ['["sentiment"]']
    assert re.search(r'^HEALTHCHECK .* CMD \["python3", ', runtime, re.MULTILINE)
    assert "INSECURE" not in runtime


def test_compose_is_valid() -> None:
    pytest.importorskip("check_jsonschema")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, FOLDER / "compose.yaml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_publishes_on_the_loopback_alone() -> None:
    for service in compose()["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["cap_drop"] == ["ALL"]


def test_files_that_are_mounted_exist() -> None:
    places = [volume for one in compose()["services"].values() for volume in one["volumes"]]
    ours = [place.split(":")[0] for place in places if place.startswith("./")]
    assert len(ours) == 5
    assert all((FOLDER / path).is_file() for path in ours)


def queries() -> Iterator[str]:
    """All of PromQL in the alarms and on the dashboard."""
    alerts = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
    yield from (rule["expr"] for group in alerts["groups"] for rule in group["rules"])
    board = json.loads((FOLDER / "grafana" / "dashboard.json").read_text("utf-8"))
    yield from (one["expr"] for panel in board["panels"] for one in panel["targets"])


def metrics(server: Served) -> str:
    with urlopen(f"{server.url}/metrics") as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def scraped(sample_root: Path) -> dict[str, set[str]]:
    """Labels of each series of a server that has answered enough for drift, by name."""
    from prometheus_client.parser import text_string_to_metric_families

    with served(sample_root) as server:
        texts = json.dumps({"text": [f"영화 {n}" for n in range(300)], "do_fast": True}).encode()
        asked = Request(f"{server.url}/predict", texts, {"Content-Type": "application/json"})
        urlopen(asked).close()
        wait_until(lambda: "sentiment_drift_index{" in metrics(server))
        page = metrics(server)
        environment = {"SENTIMENT_SERVE_PORT": str(server.port), "PATH": ""}
        check = [sys.executable, FOLDER / "healthcheck.py"]
        assert subprocess.run(check, env=environment).returncode == 0
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_query_is_of_series_that_the_server_has(scraped: dict[str, set[str]]) -> None:
    promql = pytest.importorskip("promql_parser", reason="make test-deploy installs it")
    for query in queries():
        promql.parse(query)
        names = set(re.findall(r"\bsentiment_\w+", query))
        assert names <= scraped.keys() | OF_THE_DEEP_MODEL, query
        labels = {label for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(", ")}
        labels |= set(re.findall(r"[{,](\w+)=", query)) - {"job"}
        known = set().union(*(scraped.get(name, {"le"}) for name in names))
        assert labels <= known, query


def test_a_server_that_is_not_there_is_not_healthy() -> None:
    check = [sys.executable, FOLDER / "healthcheck.py"]
    done = subprocess.run(check, env={"SENTIMENT_SERVE_PORT": "1"}, capture_output=True)
    assert done.returncode != 0
