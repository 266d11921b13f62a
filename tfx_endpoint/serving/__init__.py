"""SavedModels that answer requests: loading, checking, batching. Knows nothing of HTTP."""
