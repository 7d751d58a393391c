"""How much the packages that something needs take up on the disk."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def installed_megabytes(*requirements: str) -> float:
    """Of these requirements, such as "torch" or "sentiment-toolkit[onnx]", and all that they need.

    As installed here; what is not needed on this system, or not installed, is not counted.
    """
    found: dict[str, set[str]] = {}
    for requirement in requirements:
        _collect(Requirement(requirement), found)
    return sum(map(_bytes, found)) / 1e6


def _collect(requirement: Requirement, found: dict[str, set[str]]) -> None:
    """Add a package with its extras, then those that it needs, unless it was added before."""
    name, extras = canonicalize_name(requirement.name), {"", *requirement.extras}
    if extras <= found.get(name, set()):
        return
    lines = distribution(name).requires or ()
    found[name] = found.get(name, set()) | extras
    for needed in map(Requirement, lines):
        if any(needed.marker is None or needed.marker.evaluate({"extra": e}) for e in extras):
            with suppress(PackageNotFoundError):
                _collect(needed, found)


def _bytes(name: str) -> int:
    paths = [file.locate() for file in distribution(name).files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())
