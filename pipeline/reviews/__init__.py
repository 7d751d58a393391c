"""Reviews with labels: where they come from, how they are read and split."""
