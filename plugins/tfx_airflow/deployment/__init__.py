"""A real Airflow on this machine: its settings, its processes, and the warm worker beside it."""
