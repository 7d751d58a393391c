"""The work of one command each, from end to end."""
