"""The two answers, in the order of the columns of every array of probabilities."""

NEGATIVE = "negative"
POSITIVE = "positive"
