"""The TFX side: builds and compiles pipelines, and runs their nodes."""
