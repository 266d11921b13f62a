"""ModelCheck: sends golden requests through every serving signature of a model."""
