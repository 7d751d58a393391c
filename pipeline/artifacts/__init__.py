"""Sealed artifacts: their contents, verification, publishing and store; and runs."""
