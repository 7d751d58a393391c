"""Every page in every language."""

import re
from types import ModuleType

import pytest

from pipeline.reports.words import LANGUAGES, common, default_language, drift, evaluation, scored

FIELD = re.compile(r"\{\w+\}")


@pytest.mark.parametrize(
    "module", [common, drift, evaluation, scored], ids=lambda module: module.__name__
)
def test_all_languages_say_the_same(module: ModuleType) -> None:
    assert tuple(module.WORDS) == LANGUAGES
    first, *others = module.WORDS.values()
    for other in others:
        assert list(other) == list(first)
        for key, sentence in first.items():
            assert sorted(FIELD.findall(other[key])) == sorted(FIELD.findall(sentence)), key


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_language_of_the_locale(environ: dict[str, str], language: str) -> None:
    assert default_language(environ) == language
