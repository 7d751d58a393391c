"""Making a refusal, in one line, of whatever damaged files make a library raise."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import ArtifactRefused, SentimentError


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Raise ArtifactRefused, beginning with `what`, in place of any error but our own.

    The libraries raise no narrower ones. A missing module and a lack of memory pass.
    """
    try:
        yield
    except (MemoryError, ModuleNotFoundError, SentimentError):
        raise
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        name = type(error).__name__
        raise ArtifactRefused(f"{what}: {name}{f': {lines[0][:300]}' if lines else ''}") from None
