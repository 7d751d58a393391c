"""Pulling: from a hub on the loopback and from folders; every fault leaves what was current."""

import json
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.artifacts.verification import CARD
from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing, ResourceUnavailable
from pipeline.handlers.loading import load_current
from pipeline.models.transformer import reaching
from pipeline.models.transformer.hub import get_model
from pipeline.workflows.pulling import positive_output, pull
from pipeline.workflows.sealing import Form
from tests.support.local_hub import REFUSING, Hub, running
from tests.support.paths import SAMPLE, SENTIMENT, Invoke
from tests.support.tiny_models import make_model

pytestmark = pytest.mark.slow

constants = pytest.importorskip("huggingface_hub.constants", reason="needs the extra [deep]")

EXACT = Form(precision="fp32")
NAME = "owner/tiny"


@pytest.fixture
def hub(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    shutil.copytree(tiny_bert, tmp_path / "repository")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reaching, "FIRST_PAUSE", 0.0)
    with running(Hub(tmp_path / "repository")) as started:
        monkeypatch.setenv("HF_ENDPOINT", started.url)
        yield started


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An artifacts folder whose current deep artifact must stay."""
    (tmp_path / "root" / "deep").mkdir(parents=True)
    record = {"digest": "b" * 64, "previous": None, "sequence": 7}
    (tmp_path / "root" / "deep" / "current.json").write_text(json.dumps(record))
    return tmp_path / "root"


def sequence(root: Path) -> int:
    number: int = json.loads((root / "deep" / "current.json").read_bytes())["sequence"]
    return number


def test_hub_and_folder_give_the_same_files_and_answers(hub: Hub, tmp_path: Path) -> None:
    pull(NAME, tmp_path / "hub", form=EXACT)
    pull(str(hub.folder), tmp_path / "folder", form=EXACT)
    pulled, copied = (load_current(tmp_path / root, "deep") for root in ("hub", "folder"))
    files = [
        {entry for entry in one.artifact.manifest.files if entry.path != CARD}
        for one in (pulled, copied)
    ]
    assert files[0] == files[1]
    assert pulled.handle(["굿", "별로"]) == copied.handle(["굿", "별로"])
    recorded = pulled.artifact.manifest.data["hub"]
    assert (recorded["repository"], recorded["commit"]) == (NAME, hub.commit)


def test_a_model_pulled_without_reviews_is_listed_but_has_no_drift(
    hub: Hub, tmp_path: Path, invoke: Invoke
) -> None:
    digest = pull(str(hub.folder), tmp_path, form=EXACT)
    listed = invoke("artifacts", "list", "--artifacts", tmp_path)
    assert f"* deep@{digest[:12]}" in listed.stdout
    assert "not measured" in listed.stdout
    assert f"+ deep model         {digest[:12]}" in invoke("doctor", "--artifacts", tmp_path).stdout
    drift = invoke("drift", SAMPLE, "--artifacts", tmp_path)
    assert drift.exit_code == 3
    assert "sentiment pull --reviews" in drift.stderr
    report = tmp_path / "report.html"
    scored = ("--artifacts", tmp_path, "-o", tmp_path / "scored.csv", "--report", report)
    assert invoke("predict", SAMPLE, *scored).exit_code == 0
    assert digest[:12] in report.read_text(encoding="utf-8")


def test_a_second_pull_of_a_commit_downloads_nothing(hub: Hub) -> None:
    first = get_model(NAME)
    assert set(hub.bodies) == set(first.files)
    hub.bodies.clear()
    assert get_model(NAME, hub.commit) == first
    assert hub.bodies == []


def test_only_needed_files_are_fetched(hub: Hub) -> None:
    (hub.folder / "optimizer.pt").write_bytes(b"0" * 1000)
    (hub.folder / "modeling_own.py").write_text("raise SystemExit")
    get_model(NAME)
    assert not {"optimizer.pt", "modeling_own.py"}.intersection(hub.bodies)


def test_offline_takes_what_the_cache_holds(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    first = get_model(NAME)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert get_model(NAME, hub.commit) == first
    with pytest.raises(ResourceUnavailable):
        get_model(NAME, "c" * 40)


def test_500_twice_then_fine(hub: Hub) -> None:
    hub.statuses = [500, 500]
    assert get_model(NAME).commit == hub.commit


@pytest.mark.parametrize("fault", ["truncates", "flips"])
def test_one_wrong_body_is_fetched_again(hub: Hub, fault: str) -> None:
    setattr(hub, fault, 1)
    assert get_model(NAME).files == get_model(str(hub.folder)).files


def test_what_has_arrived_is_kept_for_the_next_pull(hub: Hub) -> None:
    hub.truncates = 99
    with pytest.raises(ResourceUnavailable, match="what has arrived is kept"):
        get_model(NAME)
    hub.truncates = 0
    hub.starts.clear()
    assert get_model(NAME).files == get_model(str(hub.folder)).files
    assert max(hub.starts) > 100_000


def test_the_token_is_sent(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    get_model(NAME)
    assert set(hub.tokens) == {"Bearer hf_mine"}


@pytest.mark.usefixtures("hub")
def test_a_snapshot_of_the_cache_is_a_folder_like_any_other() -> None:
    pulled = get_model(NAME)
    assert (pulled.folder / "vocab.txt").is_symlink()
    assert get_model(str(pulled.folder)).files == pulled.files


Fault = Callable[[Hub], object]
FAULTS: dict[str, tuple[Fault, type[Exception], str]] = {
    "unknown repository": (
        lambda hub: setattr(hub, "error", (404, "RepoNotFound")),
        ModelMissing,
        "There is no model",
    ),
    "gated": (
        lambda hub: setattr(hub, "error", (403, "GatedRepo")),
        ModelMissing,
        "is gated",
    ),
    "no access": (lambda hub: setattr(hub, "error", (401, "")), ModelMissing, "HF_TOKEN"),
    "down": (lambda hub: setattr(hub, "error", (500, "")), ResourceUnavailable, "500"),
    "other bytes each time": (
        lambda hub: setattr(hub, "flips", 99),
        ArtifactRefused,
        "other bytes than it lists",
    ),
    "dead mid-file each time": (
        lambda hub: setattr(hub, "truncates", 99),
        ResourceUnavailable,
        "Try again later",
    ),
    "no weights": (
        lambda hub: (hub.folder / "model.safetensors").unlink(),
        ModelMissing,
        "holds no model.safetensors: ",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_and_leaves_what_is_current(hub: Hub, root: Path, name: str) -> None:
    fault, kind, message = FAULTS[name]
    fault(hub)
    with pytest.raises(kind, match=message):
        pull(NAME, root)
    assert sequence(root) == 7
    assert not (root / "runs").exists()


def test_a_file_is_no_folder_and_no_name_on_the_hub() -> None:
    with pytest.raises(InvalidInput, match=r"is a file\. Name the folder that it is in"):
        get_model(str(SAMPLE))


@pytest.mark.usefixtures("hub")
def test_unknown_revision_and_dead_hub(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelMissing, match="no revision"):
        pull(NAME, root, "no-such-branch")
    monkeypatch.setenv("HF_ENDPOINT", REFUSING)
    with pytest.raises(ResourceUnavailable):
        pull(NAME, root)
    with pytest.raises(InvalidInput, match="owner/model"):
        pull("not a name!", root)
    assert sequence(root) == 7


def test_a_full_disk(hub: Hub, root: Path, tmp_path: Path) -> None:
    """A limit on file size fails the write as a full disk does."""
    done = subprocess.run(
        [SENTIMENT, "pull", NAME, "--artifacts", str(root)],
        capture_output=True,
        text=True,
        check=False,
        env={
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10**4, 10**4)),
    )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert sequence(root) == 7


def test_code_of_the_model_is_refused(hub: Hub, root: Path) -> None:
    config = json.loads((hub.folder / "config.json").read_bytes())
    config["auto_map"] = {"AutoConfig": "own.Config"}
    (hub.folder / "config.json").write_text(json.dumps(config))
    (hub.folder / "own.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ArtifactRefused, match="code of its own"):
        pull(str(hub.folder), root)
    assert sequence(root) == 7


def test_pickled_weights_are_converted(tiny_bert: Path, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "pickled", "bert", pickled=True)
    pull(str(folder), tmp_path, form=Form(engine="torch"))
    pull(str(tiny_bert), tmp_path / "other", form=Form(engine="torch"))
    answers = [load_current(r, "deep").handle(["굿"]) for r in (tmp_path, tmp_path / "other")]
    assert answers[0] == answers[1]


def test_pickled_code_is_not_run(tmp_path: Path, root: Path) -> None:
    import torch

    folder = make_model(tmp_path / "hostile", "electra", pickled=True)
    canary = tmp_path / "canary"

    class Hostile:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (canary,)

    torch.save({"weights": Hostile()}, folder / "pytorch_model.bin")
    with pytest.raises(ArtifactRefused, match="more than tensors"):
        pull(str(folder), root)
    assert not canary.exists()
    assert sequence(root) == 7


def test_an_electra_can_be_pulled(tmp_path: Path) -> None:
    labels = {"id2label": {0: "긍정", 1: "부정"}}
    folder = make_model(tmp_path / "electra", "electra", config=labels)
    pull(str(folder), tmp_path, form=EXACT)
    handler = load_current(tmp_path, "deep")
    assert handler.artifact.manifest.settings["transformer"]["positive"] == 0


@pytest.mark.parametrize(
    ("names", "positive"),
    [
        (("negative", "positive"), 1),
        (("POSITIVE", "Negative"), 0),
        (("LABEL_0", "LABEL_1"), 1),
        (("0", "1"), 1),
        (("긍정", "부정"), 0),
    ],
)
def test_labels_are_understood(names: tuple[str, str], positive: int) -> None:
    assert positive_output({"id2label": dict(enumerate(names))}) == positive
    assert positive_output({}, names) == positive


def test_other_labels_are_asked_for() -> None:
    config = {"id2label": {0: "joy", 1: "anger"}}
    with pytest.raises(InvalidInput, match=r"joy, anger.*--labels"):
        positive_output(config)
    assert positive_output(config, ("positive", "negative")) == 0
    with pytest.raises(InvalidInput, match="3 labels"):
        positive_output({"id2label": {0: "a", 1: "b", 2: "c"}})


def test_the_command(tiny_bert: Path, tmp_path: Path) -> None:
    command = [SENTIMENT, "pull", str(tiny_bert), "--artifacts", str(tmp_path)]
    done = subprocess.run(
        [*command, "--precision", "fp32"], capture_output=True, text=True, check=True
    )
    assert (tmp_path / "deep" / done.stdout.strip()).is_dir()
