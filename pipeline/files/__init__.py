"""Rows out of files of any kind: where they lie, what shape they have, their records."""
