"""What is done to a text before a model sees it: cleaning and, if asked for, finding morphemes."""
