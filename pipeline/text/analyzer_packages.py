"""Which packages each analyzer needs, and which of them are not installed."""

from importlib.util import find_spec

from pipeline.errors import ModelMissing

INSTALL = 'pip install "sentiment-toolkit[korean]"'
_PACKAGES = {
    "konlpy": "konlpy",
    "jpype": "JPype1",
    "MeCab": "mecab-python3",
    "mecab_ko_dic": "python-mecab-ko-dic",
}


def missing_packages(name: str) -> list[str]:
    """Packages that an analyzer needs and that are not installed. Imports none."""
    modules = ("konlpy", "jpype") + (("MeCab", "mecab_ko_dic") if name == "mecab" else ())
    return [_PACKAGES[module] for module in modules if find_spec(module) is None]


def require_packages(name: str) -> None:
    """Raise ModelMissing if an analyzer's packages are missing, saying how to get them."""
    missing = missing_packages(name)
    if missing:
        raise ModelMissing(
            f"The analyzer {name} needs {', '.join(missing)}. Install them with `{INSTALL}`."
        )
