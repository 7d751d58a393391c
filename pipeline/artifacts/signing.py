"""Ed25519 signatures over a manifest's bytes (RFC 8032), which prove who made an artifact.

The digest of an artifact proves only that it is whole: whoever can write the folder can also
compute a new digest. A signature can be made only with the private key.
"""

from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from pipeline.errors import ArtifactRefused, InvalidInput

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


def sign(content: bytes, key: Path) -> bytes:
    """Signature, 64 bytes, by the private key in an unencrypted PEM file.

    Raises InvalidInput if `key` is no such file.
    """
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except _UNREADABLE:
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise InvalidInput(
            f"{key} is no Ed25519 private key. Make one with "
            f"`openssl genpkey -algorithm ed25519 -out {key.name}`."
        )
    return private.sign(content)


def check_signature(content: bytes, signature: bytes, key: Path) -> None:
    """Raise ArtifactRefused unless `signature` was made over `content` by the owner of `key`.

    `key` is a PEM file with a public key; raises InvalidInput if it is none.
    """
    try:
        public = load_pem_public_key(key.read_bytes())
    except _UNREADABLE:
        public = None
    if not isinstance(public, Ed25519PublicKey):
        raise InvalidInput(
            f"{key} is no Ed25519 public key. Get it from the private one with "
            "`openssl pkey -in KEY -pubout`."
        )
    try:
        public.verify(signature, content)
    except InvalidSignature:
        raise ArtifactRefused(f"its signature was not made with the key of {key}") from None
