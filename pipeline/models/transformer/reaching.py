"""Calls of a hub: retried while it fails in a way that may pass, but not while it is away."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pipeline.errors import InvalidInput, ModelMissing, ResourceUnavailable

ATTEMPTS = 4
FIRST_PAUSE = 0.5
"""Seconds before the second attempt; twice as long before each further one."""

ANSWER_TIMEOUT = 5.0
"""Seconds in which the hub has to give its first answer, unless HF_HUB_ETAG_TIMEOUT says others."""

LONGEST_SHOWN = 200
"""Characters of a foreign text in a message."""

Result = TypeVar("Result")


class HubAway(Exception):
    """The hub cannot be reached or does not answer; its text says why."""


class WrongAnswer(Exception):
    """The hub answers with what no hub answers; its text says with what."""


def first_answer(call: Callable[[float], Result]) -> Result:
    """What `call` returns, given a time-out in seconds; raises HubAway where the hub is away."""
    from huggingface_hub import constants

    own = os.environ.get("HF_HUB_ETAG_TIMEOUT")
    try:
        return call(float(constants.HF_HUB_ETAG_TIMEOUT) if own else ANSWER_TIMEOUT)
    except Exception as error:
        if _is_away(error):
            raise HubAway(_reason(error)) from None
        raise


def retried(call: Callable[[], Result]) -> Result:
    """Call, and call again after ever longer pauses while the hub fails in a way that may pass."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return call()
        except Exception as error:
            if not _may_pass(error):
                raise
            time.sleep(FIRST_PAUSE * 2**attempt)
    return call()


def _may_pass(error: Exception) -> bool:
    from httpx2 import HTTPError
    from huggingface_hub import errors

    if _is_away(error):
        return False
    if isinstance(error, errors.HfHubHTTPError):
        return is_down(error)
    return isinstance(error, (HTTPError, ConnectionError))


def _is_away(error: Exception) -> bool:
    """Whether there was no connection: trying again at once would fail in the same way."""
    from httpx2 import ConnectError, ProxyError, TimeoutException, UnsupportedProtocol
    from huggingface_hub import errors

    away = (ConnectError, ProxyError, TimeoutException, UnsupportedProtocol)
    return isinstance(error, (*away, errors.OfflineModeIsEnabled))


def _reason(error: Exception) -> str:
    return shown((str(error) or type(error).__name__).partition("\n")[0])


def shown(foreign: str) -> str:
    """What somebody else's text looks like in a message: not long, and nothing moves a cursor."""
    return "".join(c if c.isprintable() else "?" for c in foreign[:LONGEST_SHOWN])


def is_down(error: Exception) -> bool:
    """Whether the hub answers that it cannot answer now."""
    return getattr(getattr(error, "response", None), "status_code", 0) >= 500


@contextmanager
def translated(name: str, revision: str | None) -> Iterator[None]:
    """Translate the client's errors into those of this package, which say what to do."""
    from httpx2 import HTTPError, InvalidURL
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise ModelMissing(
            f"{name} is gated. Ask for access on its page, then set HF_TOKEN."
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelMissing(
            f"There is no model {name}, or it is private. Check the spelling, or set HF_TOKEN."
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelMissing(f"{name} has no revision {revision}.") from None
    except errors.HFValidationError:
        raise InvalidInput(f"{name} is neither a folder nor a name like owner/model.") from None
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise ModelMissing(f"The hub refuses {name} ({status}). Set HF_TOKEN.") from None
        raise unavailable(name, f"the hub answers {status}") from None
    except (HTTPError, InvalidURL, ConnectionError, WrongAnswer) as error:
        raise unavailable(name, _reason(error)) from None


def unavailable(name: str, reason: str) -> ResourceUnavailable:
    """The error for a model that the hub does not give just now."""
    return ResourceUnavailable(
        f"{name} could not be downloaded: {reason}. Try again later; what has arrived is kept. Or "
        "get its files by hand and name their folder."
    )
