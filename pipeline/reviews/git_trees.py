"""Ids that git gives to the files and the folder that an archive was made of."""

import hashlib

_FILE, _PROGRAM = b"100644", b"100755"


class GitTree:
    """A folder that holds files alone, told file by file in any order.

    Its id is the same in every clone, whatever archive the files come from:
    `git rev-parse COMMIT:FOLDER` prints it.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, bytes] = {}

    def __contains__(self, name: str) -> bool:
        return _encoded(name) in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, name: str, content: bytes, is_program: bool = False) -> None:
        """Add a file that is not in it yet."""
        mode = _PROGRAM if is_program else _FILE
        encoded = _encoded(name)
        self._entries[encoded] = mode + b" " + encoded + b"\0" + _digest(b"blob", content)

    @property
    def id(self) -> str:
        """The folder's id, 40 hexadecimal digits."""
        content = b"".join(self._entries[name] for name in sorted(self._entries))
        return _digest(b"tree", content).hex()


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _digest(kind: bytes, content: bytes) -> bytes:
    header = kind + b" %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).digest()
