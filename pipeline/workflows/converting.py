"""A foreign model's folder turned into the files of a run, in a child process with limits."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.artifacts.scratch import scratch_folder
from pipeline.artifacts.verification import CONFIG, TOKENIZER, WEIGHTS
from pipeline.confinement import Limits, NotSurvived
from pipeline.handlers.trial import TORCH_TRIALS, limits_for
from pipeline.models.transformer.checking import check_answers, check_tokenizer
from pipeline.models.transformer.hub import Download
from pipeline.models.transformer.model import TransformerModel, TransformerSettings
from pipeline.models.transformer.positions import longest_input
from pipeline.models.transformer.pretrained import in_safetensors, load_classifier, read_tokenizer
from pipeline.models.transformer.torch_engine import module_files

FILES = (CONFIG, WEIGHTS, TOKENIZER)


def convert(download: Download, positive: int) -> tuple[TransformerSettings, dict[str, bytes]]:
    """The settings and files of a download, whose output `positive` stands for positive.

    It is loaded, checked and asked in a child process. Raises ArtifactRefused for a model that is
    not safe to load or not whole (`checking`), or with the limit that it passed.
    """
    record = {**asdict(download), "folder": str(download.folder.absolute())}
    with scratch_folder("sentiment-convert-") as temporary:
        arguments = {"download": record, "positive": positive, "destination": str(temporary)}
        try:
            found = TORCH_TRIALS.call(f"{__name__}:convert_folder", arguments, _limits(download))
        except NotSurvived as death:
            raise NotSurvived(
                f"{download.repository} is refused: {death}. Is it a whole model, as "
                "save_pretrained writes it?"
            ) from None
        files = {name: (temporary / name).read_bytes() for name in FILES}
    return TransformerSettings(positive=positive, max_tokens=found), files


def _limits(download: Download) -> Limits:
    return limits_for(sum((download.folder / name).stat().st_size for name in download.files))


def convert_folder(download: dict[str, Any], positive: int, destination: str) -> int:
    """In the child process: write the files, and return the most tokens that the model reads."""
    source = Download(**{**download, "folder": Path(download["folder"])})
    with in_safetensors(source) as folder:
        module, tokenizer = load_classifier(folder), read_tokenizer(folder)
    check_tokenizer(tokenizer, module)
    settings = TransformerSettings(positive=positive, max_tokens=longest_input(module))
    files = dict(zip(FILES, (*module_files(module), tokenizer), strict=True))
    check_answers(TransformerModel.from_files(files, settings.to_record()))
    for name, content in files.items():
        (Path(destination) / name).write_bytes(content)
    return settings.max_tokens
