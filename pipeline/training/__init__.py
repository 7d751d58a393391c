"""Training: fitting and calibrating models on labelled reviews."""
