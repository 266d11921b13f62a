"""DriftDetector: compares what a version was asked with what it learned from."""
