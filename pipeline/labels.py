"""The two answers, in the order of the columns of every array of probabilities."""

LABELS = ("negative", "positive")
