"""Models that answer on a Ray cluster, while this machine has the doors."""
