"""Vertex AI's REST interface: models, endpoints, operations, predictions."""
