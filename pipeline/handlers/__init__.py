"""The handlers, which answer texts with a sealed artifact; all share one interface."""
