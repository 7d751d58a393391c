"""What the pages say, in each language: a module a page, with the same keys in every language."""

LANGUAGES = ("en", "ko")
