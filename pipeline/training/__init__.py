"""Fitting models on labelled reviews."""
