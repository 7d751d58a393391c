"""The two labels. Every array of probabilities has its columns in this order."""

NEGATIVE = "negative"
POSITIVE = "positive"
