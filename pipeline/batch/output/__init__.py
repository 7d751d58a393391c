"""Where scored rows go: serialized, written, resumed, published."""
