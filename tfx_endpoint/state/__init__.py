"""What must outlast the process: models, versions, endpoints, operations, in one SQLite file."""
