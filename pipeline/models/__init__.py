"""The models: the fast one, the deep one, and a blend of both, behind one interface."""
