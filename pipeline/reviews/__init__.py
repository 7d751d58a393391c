"""Labelled reviews: getting, reading and splitting them."""
