"""Ray: connecting to a cluster, and an artifact's way to its nodes."""
