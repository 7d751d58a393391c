"""How good the answers are, and how far texts are from those of training."""
