"""Which packages each analyzer needs, which are not installed, and of which versions they are."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec

from pipeline.errors import ArtifactRefused, ModelMissing

INSTALL = 'pip install "sentiment-toolkit[korean]"'
INSTALL_KIWI = 'pip install "sentiment-toolkit[kiwi]"'
_PACKAGES = {
    "konlpy": "konlpy",
    "jpype": "JPype1",
    "MeCab": "mecab-python3",
    "mecab_ko_dic": "python-mecab-ko-dic",
    "kiwipiepy": "kiwipiepy",
    "kiwipiepy_model": "kiwipiepy_model",
}
_WITH_DICTIONARY = ("konlpy", "mecab_ko_dic", "kiwipiepy", "kiwipiepy_model")
"""Modules whose other versions may find other morphemes."""


def needs_java(name: str) -> bool:
    """Whether an analyzer is one of those in Java."""
    return name not in ("mecab", "kiwi")


def how_to_install(name: str) -> str:
    """The command that installs an analyzer's packages."""
    return INSTALL_KIWI if name == "kiwi" else INSTALL


def _modules(name: str) -> tuple[str, ...]:
    if name == "kiwi":
        return ("kiwipiepy", "kiwipiepy_model")
    return ("konlpy", "jpype") + (("MeCab", "mecab_ko_dic") if name == "mecab" else ())


def missing_packages(name: str) -> list[str]:
    """Packages that an analyzer needs and that are not installed. Imports none."""
    return [_PACKAGES[module] for module in _modules(name) if find_spec(module) is None]


def require_packages(name: str) -> None:
    """Raise ModelMissing if an analyzer's packages are missing, saying how to get them."""
    missing = missing_packages(name)
    if missing:
        raise ModelMissing(
            f"The analyzer {name} needs {', '.join(missing)}. Install them with "
            f"`{how_to_install(name)}`."
        )


def analyzer_versions(name: str) -> dict[str, str]:
    """Versions of an analyzer's packages, for the manifest; raises ModelMissing without them."""
    require_packages(name)
    return {_PACKAGES[module]: version(_PACKAGES[module]) for module in _modules(name)}


def check_versions(name: str, recorded: Mapping[str, str]) -> None:
    """Raise ArtifactRefused if a model was trained with another dictionary than is installed.

    It would find other morphemes in some texts, though perhaps in none of the golden set. Raises
    ModelMissing without the packages; older artifacts, which recorded none, are let pass.
    """
    packages = [_PACKAGES[module] for module in _modules(name) if module in _WITH_DICTIONARY]
    installed = analyzer_versions(name)
    for package in packages:
        trained, here = recorded.get(package, installed[package]), installed[package]
        if trained != here:
            # What a manifest calls a version goes into no command unless it looks like one.
            known = re.fullmatch(r"[0-9][0-9A-Za-z.]{0,30}", str(trained))
            get = f"`pip install {package}=={trained}`" if known else "that"
            raise ArtifactRefused(
                f"The model was trained with another version of {package} than {here}, which may "
                f"find other morphemes. Install {get}, or train it again."
            )
