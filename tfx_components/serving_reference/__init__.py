"""ServingReference: what requests to a model will be compared with."""
