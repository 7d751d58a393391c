"""The `sentiment` command: one file a command; each parses, calls the library, echoes."""
