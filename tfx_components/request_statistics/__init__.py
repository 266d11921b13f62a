"""RequestStatistics: what a version was asked in a window of time, as TFDV's statistics."""
