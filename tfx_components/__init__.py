"""TFX components, one folder each: `component.py` says what one takes, `executor.py` does it."""
