"""Adds rows to the data of a model, as a span or a file of its own."""
