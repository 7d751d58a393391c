"""An object out of a bucket into a file: bounded, and continued after a cut connection."""

import time
from typing import IO, Any

from pipeline.errors import ArtifactRefused, ResourceUnavailable

ATTEMPTS = 5
"""For each RENEWED_BY bytes that arrive."""
RENEWED_BY = 2**20
FIRST_PAUSE = 0.2
_PIECE = 2**18


class Download:
    """`wanted`: bucket and key as botocore takes them; `largest`: bytes that it may have."""

    def __init__(self, client: Any, wanted: dict[str, str], largest: int) -> None:
        self._client, self._wanted, self._largest = client, wanted, largest

    def run(self, file: IO[bytes], conditions: dict[str, str]) -> str:
        """Write it to `file`, which is empty; return its ETag. Raises what botocore raises.

        Also raises ArtifactRefused where it is too large, ResourceUnavailable where it was replaced
        while it was read.
        """
        answer = self._ask(conditions)
        etag, size = str(answer["ETag"]), int(answer["ContentLength"])
        if size > self._largest:
            raise ArtifactRefused(
                f"{self._wanted['Key']} has {size:,} bytes, more than the {self._largest:,} of "
                "what should be there"
            )
        attempts, renewed_at = 1, 0
        while not self._copied(answer, file, size):
            if file.tell() - renewed_at >= RENEWED_BY:
                attempts, renewed_at = 0, file.tell()
            if attempts == ATTEMPTS:
                raise ResourceUnavailable(
                    f"{self._wanted['Key']} of {self._wanted['Bucket']} could not be read: the "
                    f"connection was cut {ATTEMPTS} times. Try again later."
                )
            time.sleep(FIRST_PAUSE * 2**attempts)
            attempts += 1
            answer = self._ask_rest(file, etag, size)
        return etag

    def _copied(self, answer: dict[str, Any], file: IO[bytes], size: int) -> bool:
        """Write what an answer brings; whether all is there now."""
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        body = answer["Body"]
        try:
            while piece := body.read(min(_PIECE, size + 1 - file.tell())):
                file.write(piece)
        except (HTTPClientError, IncompleteReadError):
            return False  # whatever has come before the cut is kept
        finally:
            body.close()
        if file.tell() > size:
            raise ArtifactRefused(f"{self._wanted['Key']} is longer than it was said to be")
        return file.tell() == size

    def _ask_rest(self, file: IO[bytes], etag: str, size: int) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        rest = {"Range": f"bytes={file.tell()}-"} if 0 < file.tell() < size else {}
        try:
            answer = self._ask({"IfMatch": etag, **rest})
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 412:
                raise
            raise ResourceUnavailable(
                f"{self._wanted['Key']} was replaced while it was read. Try again."
            ) from None
        if answer["ResponseMetadata"]["HTTPStatusCode"] != 206:  # all of it once more
            file.seek(0)
            file.truncate()
        return answer

    def _ask(self, conditions: dict[str, str]) -> dict[str, Any]:
        return dict(self._client.get_object(**self._wanted, **conditions))
