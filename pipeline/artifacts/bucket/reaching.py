"""What botocore raises, as errors of one line that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.addresses import reason_of
from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.errors import ResourceUnavailable

MISSING_EXTRA = "needs the extra: pip install 'sentiment-toolkit[aws]'."
_CREDENTIALS = (
    "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role."
)
_RIGHTS = (
    "Reading needs s3:GetObject and s3:ListBucket, publishing also s3:PutObject, pruning "
    "s3:DeleteObject."
)
_BY_CODE = {
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden"),
        f"access is denied. {_RIGHTS}",
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
        f"the credentials are refused, or have run out. {_CREDENTIALS}",
    ),
    **dict.fromkeys(
        (
            "PermanentRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
            "301",
        ),
        "the bucket is in another region. Name its region in AWS_DEFAULT_REGION.",
    ),
    "NoSuchBucket": "there is no such bucket. Make it, or mend the address.",
    "RequestTimeTooSkewed": "this machine's clock is wrong. Set it.",
}


@contextmanager
def reached(address: BucketAddress, client: Any = None) -> Iterator[None]:
    """Raise ResourceUnavailable for what botocore raises while the bucket is asked."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        code = code_of(error)
        reason = _BY_CODE.get(code, f"the store answers {code!a}. Try again later.")
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError):
        reason = f"no credentials for AWS were found. {_CREDENTIALS}"
    except exceptions.NoRegionError:
        reason = "no region is known. Name the bucket's in AWS_DEFAULT_REGION."
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        endpoint = f" from {client.meta.endpoint_url}" if client else ""
        reason = (
            f"no answer{endpoint} ({reason_of(error)}). Check the network, AWS_DEFAULT_REGION and, "
            "if it is set, AWS_ENDPOINT_URL; or try again later."
        )
    except exceptions.BotoCoreError as error:
        reason = f"{reason_of(error)}. Check the settings for AWS."
    else:
        return
    raise ResourceUnavailable(f"{address}: {reason}")


def code_of(error: Any) -> str:
    """The code of a ClientError, such as NoSuchKey; where there is none, the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))[:80]
