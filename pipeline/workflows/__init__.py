"""What the commands do, from end to end; one module per workflow."""
