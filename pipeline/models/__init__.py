"""What answers: the fast model, the deep one, and the two blended, behind one interface."""
