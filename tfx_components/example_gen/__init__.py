"""ExampleGen for every format, and for spans that a run names."""
