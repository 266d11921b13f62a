"""TypedRows: gives the values of rows the types that a version learned from."""
