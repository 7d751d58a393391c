"""The two labels. Every array of probabilities has its columns in this order."""

NEGATIVE = "negative"
POSITIVE = "positive"

UNSURE = "unsure"
"""In the place of a label, where the confidence is below what the user demands."""
