"""The embedded endpoint: Vertex AI's REST interface over SavedModels on this machine."""
