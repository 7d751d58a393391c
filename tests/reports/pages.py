"""Reading a page as a browser would."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Text of a page, its tags, and the addresses it names; references within it are none."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.text, self.addresses, self.tags = "", [], set()
        self.feed(content)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
