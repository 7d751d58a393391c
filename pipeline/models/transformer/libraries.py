"""The extras that the deep model's libraries come with, named where a library is missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from pipeline.errors import ModelMissing

LIBRARIES = ("safetensors", "tokenizers", "torch", "transformers")
"""What training and pulling work with, and what a run records the versions of."""

HUB = ("huggingface_hub", "httpx2")
_ALL = frozenset({*LIBRARIES, *HUB, "onnx", "onnxruntime", "onnxscript"})


@contextmanager
def needs_extra(extra: str, *libraries: str) -> Iterator[None]:
    """Raise ModelMissing, naming the extra to install, where a library of the deep model is absent.

    A context manager and a decorator. `libraries` are looked for at once: some of them report the
    absence of another in words of their own. Any other missing module is a bug, and passes.
    """
    for library in libraries:
        if not _is_installed(library):
            raise _missing(library, extra)
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _ALL:
            raise
        raise _missing(library, extra) from None


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ValueError:  # its import is blocked
        return False


def _missing(library: str, extra: str) -> ModelMissing:
    return ModelMissing(
        f"This needs the library {library}: pip install 'sentiment-toolkit[{extra}]'."
    )
