"""Pages about what was measured or scored, which need no network, and their figures as JSON."""
