"""Sealed artifacts: what is in one, reading and verifying, publishing, the store; and runs."""
