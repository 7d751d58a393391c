"""The HTTP API: flask appears here and nowhere else."""
