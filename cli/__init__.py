"""The `sentiment` command: one module per command; each parses, calls the library, echoes."""
