"""How a pushed version gets to its endpoint, and how it is taken back from there."""
