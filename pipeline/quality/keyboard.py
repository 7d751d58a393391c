"""Hangul syllables typed wrongly on the two-set keyboard (두벌식, KS X 5002): a neighbour's key.

Noise after the keys of a keyboard: Belinkov and Bisk 2018, "Synthetic and natural noise both break
neural machine translation", ICLR.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Draw = Callable[[], float]
"""Gives numbers from 0 up to 1, as `random.Random.random`."""

_T = TypeVar("_T")

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = "\0ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
"""The jamo of a syllable in the order of Unicode's code points; the first final is none."""

_FIRST = ord("가")
_ROWS = ("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡ")
_SHIFTED = dict(zip("ㅃㅉㄸㄲㅆㅒㅖ", "ㅂㅈㄷㄱㅅㅐㅔ", strict=True))
"""What is typed with Shift, and what its key gives without."""


def is_syllable(letter: str) -> bool:
    """Whether it is a composed Hangul syllable."""
    return "가" <= letter <= "힣"


def choose(choices: Sequence[_T], draw: Draw) -> _T:
    """One of them, each as likely as any other."""
    return choices[int(draw() * len(choices))]


def mistype(syllable: str, draw: Draw) -> str:
    """The syllable with one of its keys missed for a neighbour; consonants stay consonants.

    Jamo that are typed with two keys (ㅘ, ㄺ) are left alone.
    """
    number = ord(syllable) - _FIRST
    places = [number // 588, number // 28 % 21, number % 28]
    jamo = zip((INITIALS, MEDIALS, FINALS), places, strict=True)
    typed = [(part, NEIGHBOURS.get(all_of[place], "")) for part, (all_of, place) in enumerate(jamo)]
    part, near = choose([one for one in typed if one[1]], draw)
    places[part] = (INITIALS, MEDIALS, FINALS)[part].index(choose(near, draw))
    return chr(_FIRST + (places[0] * 21 + places[1]) * 28 + places[2])


def _neighbours() -> dict[str, str]:
    """The jamo of the keys around each key; a row stands half a key to the right of that above."""
    keys = {(row, column): key for row, line in enumerate(_ROWS) for column, key in enumerate(line)}
    around = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))
    found = {
        key: "".join(
            near
            for down, right in around
            if (near := keys.get((row + down, column + right)))
            and (near in MEDIALS) == (key in MEDIALS)
        )
        for (row, column), key in keys.items()
    }
    return found | {jamo: found[key] for jamo, key in _SHIFTED.items()}


NEIGHBOURS = _neighbours()
"""For each jamo that is one key: those of the same kind, vowel or consonant, beside it."""
