"""What is done to a text before any model sees it: cleaning, and morphemes where asked for."""
