"""ScoreWriter: what a version said about each row, as files that say where they come from."""
