"""Pairs of keys, as openssl writes them."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def write_key_pair(folder: Path, prefix: str = "") -> tuple[Path, Path]:
    """The files of a new private key and of its public one; the prefix goes before their names."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{prefix}private.pem", folder / f"{prefix}public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    form = PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, form))
    return private, public
