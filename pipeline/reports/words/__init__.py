"""What the pages say, in each language: a module a page, with the same keys in every language."""

import os
from collections.abc import Mapping

LANGUAGES = ("en", "ko")


def default_language(environ: Mapping[str, str] = os.environ) -> str:
    """The language of the user's locale, by the variables of POSIX; English for one we lack."""
    told = (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    language = next(filter(None, told), "")[:2].lower()
    return language if language in LANGUAGES else LANGUAGES[0]
