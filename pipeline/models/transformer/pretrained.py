"""Loading a classifier and its tokenizer from a folder in Hugging Face's format, code unrun."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.artifacts.scratch import scratch_folder
from pipeline.errors import ArtifactRefused
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.models.transformer.checking import check_classifier, check_encoder
from pipeline.models.transformer.config_limits import LARGEST, read_settings
from pipeline.models.transformer.hub import Download
from pipeline.models.transformer.libraries import LIBRARIES, needs_extra
from pipeline.models.transformer.model_files import PICKLED, SAFETENSORS, SETTINGS
from pipeline.models.transformer.refusing import refusing

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CODE = ("auto_map", "custom_pipelines", "trust_remote_code")
_NEW_CLASSIFIER = {
    "id2label": {0: NEGATIVE, 1: POSITIVE},
    "label2id": {NEGATIVE: 0, POSITIVE: 1},
    # Dropout only before the classifier: inside the encoder it takes time and gains little.
    "classifier_dropout": 0.1,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}


def load_encoder(folder: Path) -> "PreTrainedModel":
    """A pre-trained encoder with a new, untrained classifier of (negative, positive).

    The classifier's weights are drawn from torch's global generator. Raises ArtifactRefused where
    the encoder's are not all there.
    """
    module, loaded = _load(folder, **_NEW_CLASSIFIER)
    check_encoder(module, loaded)
    return module


def load_classifier(folder: Path) -> "PreTrainedModel":
    """A fine-tuned classifier, unchanged; ArtifactRefused where weights are missing or others."""
    module, loaded = _load(folder)
    check_classifier(module, loaded)
    return module


@needs_extra("deep", *LIBRARIES)
def _load(folder: Path, **changes: Any) -> "tuple[PreTrainedModel, dict[str, Any]]":
    """(Classifier, what transformers reports of loading it: missing weights and the like)."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    with _quiet(), refusing("The model cannot be loaded"):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, **changes)
        module, loaded = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            trust_remote_code=False,
            use_safetensors=True,
            dtype="float32",
            output_loading_info=True,
            # Else transformers raises an error that does not name them.
            ignore_mismatched_sizes=True,
        )
    return module, loaded


@needs_extra("deep", *LIBRARIES)
def read_tokenizer(folder: Path) -> bytes:
    """The bytes of a folder's tokenizer.json, converted from an older format if need be.

    Raises ArtifactRefused where the tokenizer cannot be read.
    """
    from transformers import AutoTokenizer

    with _quiet(), refusing("The tokenizer cannot be read"):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        content: str = tokenizer.backend_tokenizer.to_str()
    return content.encode()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence transformers' warning that the classifier is new, and its progress bars."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()


def read_config(folder: Path) -> dict[str, Any]:
    """A folder's config.json; ArtifactRefused if it is damaged or asks to run the model's own code.

    This is checked before any library reads it. (transformers would fetch and run such code only if
    it were told to trust it.)
    """
    with (folder / SETTINGS).open("rb") as file:
        config = read_settings(file.read(LARGEST + 1))
    if asked := [key for key in _CODE if key in config]:
        raise ArtifactRefused(
            f"The model asks to run code of its own ({', '.join(asked)}), which is never done "
            "here. Use a model of an architecture that transformers includes."
        )
    return config


@contextmanager
def in_safetensors(download: Download) -> Iterator[Path]:
    """A temporary folder with the download's files only, and the weights in safetensors.

    Pickled weights are converted in a process of its own that reads tensors only (torch's
    `weights_only`). Raises ArtifactRefused for weights that cannot be read like this.
    """
    with scratch_folder("sentiment-pull-") as folder:
        for name in download.files:
            (folder / name).symlink_to((download.folder / name).resolve())
        if SAFETENSORS not in download.files:
            _convert(folder)
        yield folder


def _convert(folder: Path) -> None:
    command = [sys.executable, "-I", str(Path(__file__).with_name("convert_child.py")), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2]
        raise ArtifactRefused(f"{PICKLED} holds more than tensors, or is damaged: {reason}")
