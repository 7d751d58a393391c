"""The handlers. They share one skeleton and give the same shape of result for the same input."""
