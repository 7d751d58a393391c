"""The extras that the deep model's libraries come with, named where a library is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import ModelMissing

_LIBRARIES = frozenset(
    {
        *("accelerate", "httpx2", "huggingface_hub", "onnx", "onnxscript", "onnxruntime"),
        *("safetensors", "tokenizers", "torch", "transformers"),
    }
)


@contextmanager
def needs_extra(extra: str = "deep") -> Iterator[None]:
    """Raise ModelMissing, naming the extra to install, where a library of the deep model is absent.

    A context manager and a decorator. Any other missing module is a bug, and passes.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _LIBRARIES:
            raise
        raise ModelMissing(
            f"This needs the library {library}: pip install 'sentiment-toolkit[{extra}]'."
        ) from None
