"""Measures of quality: how good answers are, and how far texts are from those of training."""
