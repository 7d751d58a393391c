"""Many files, each a partition, scored by many machines."""
