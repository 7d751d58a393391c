"""Reviews changed in known ways: what a change does, and that it is the same each time."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.quality.keyboard import NEIGHBOURS, is_syllable, mistype
from pipeline.quality.perturbations import PERTURBATIONS, perturb

TEXT = "이 영화는 정말 재미있게 봤습니다. 꽤 괜찮은 값이었다"


@pytest.mark.parametrize("name", PERTURBATIONS)
@settings(max_examples=20)
@given(text=st.text(max_size=30) | st.text("영화꽤값 ㅋ.!", max_size=30))
def test_any_text_is_changed_the_same_way_each_time(name: str, text: str) -> None:
    assert perturb(name, text) == perturb(name, text)


def test_another_process_and_its_hashes_change_nothing() -> None:
    code = f"from pipeline.quality.perturbations import *; print(perturb('mistyped', {TEXT!r}))"
    command = [sys.executable, "-X", "utf8", "-c", code]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.rstrip("\n") == perturb("mistyped", TEXT)


@pytest.mark.parametrize("name", ["with_spaces", "swapped", "mistyped", "emoji"])
def test_another_seed_changes_other_places(name: str) -> None:
    assert len({perturb(name, TEXT, seed) for seed in range(9)}) > 1


def test_spaces_go_and_come_alone() -> None:
    assert perturb("without_spaces", TEXT) == TEXT.replace(" ", "")
    spaced = perturb("with_spaces", TEXT)
    assert spaced.count(" ") > TEXT.count(" ")
    assert spaced.replace(" ", "") == TEXT.replace(" ", "")
    assert perturb("with_spaces", "ㅋㅋㅋㅋ abc 123!!!") == "ㅋㅋㅋㅋ abc 123!!!"


def test_tails_and_what_is_repeated() -> None:
    assert [perturb(name, "굿") for name in ("laughing", "smiling", "crying")] == [
        "굿ㅋㅋ",
        "굿ㅎㅎ",
        "굿ㅠㅠ",
    ]
    assert perturb("stretched", "굿!") == "굿!!!!"
    assert perturb("emoji", "굿")[:-1] == "굿"


def test_typos_are_few_and_within_words() -> None:
    swapped, mistyped = perturb("swapped", TEXT), perturb("mistyped", TEXT)
    assert sorted(swapped) == sorted(TEXT)
    for changed in (swapped, mistyped):
        differing = sum(a != b for a, b in zip(TEXT, changed, strict=True))
        assert 1 <= differing <= 6
        assert [n for n, c in enumerate(changed) if c == " "] == [
            n for n, c in enumerate(TEXT) if c == " "
        ]
    assert perturb("swapped", "굿") == "굿"


def test_a_missed_key_is_beside_the_right_one() -> None:
    assert set(NEIGHBOURS["ㄹ"]) == set("ㄱㅅㅇㅎㅊㅍ")
    assert set(NEIGHBOURS["ㅓ"]) == set("ㅕㅑㅗㅏㅜㅡ")
    assert NEIGHBOURS["ㄲ"] == NEIGHBOURS["ㄱ"]
    for syllable in ("가", "꽤", "값", "힣"):
        for place in (0.0, 0.5, 0.999):
            wrong = mistype(syllable, lambda place=place: place)
            assert is_syllable(wrong)
            right_jamo = unicodedata.normalize("NFD", syllable)
            wrong_jamo = unicodedata.normalize("NFD", wrong)
            assert sum(a != b for a, b in zip(right_jamo, wrong_jamo, strict=True)) == 1
