"""The DAG that compares requests with the training data: which window, and what follows."""
