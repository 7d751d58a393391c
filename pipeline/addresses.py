"""Addresses of servers that a user names, and why one does not answer."""

from urllib.parse import SplitResult, urlsplit

from pipeline.errors import InvalidInput

SCHEMES = ("http", "https")
LONGEST_REASON = 80


def split_address(url: str) -> tuple[SplitResult, str]:
    """The parts of a server's address, and its host in ASCII; raises InvalidInput for any other."""
    if "@" in url:  # first, as other messages show the address
        raise InvalidInput("An address holds no user and password: they would stand in logs.")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        is_right = bool(host) and parts.scheme in SCHEMES and parts.port != 0
    except ValueError:  # brackets, a port, a host (UnicodeError) that cannot be
        is_right = False
    if not is_right or not (url.isprintable() and parts.path.isascii()) or " " in url:
        raise InvalidInput(f"{url!a} is no address like http://127.0.0.1:5000.")
    if parts.query or parts.fragment:
        raise InvalidInput(f"{url!a} is more than a server's address: end it before ? and #.")
    return parts, host


def reason_of(error: Exception) -> str:
    """Why a server does not answer, shortened, since it may quote what the server sent."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).strip()[:LONGEST_REASON]
