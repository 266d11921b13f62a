"""Pages that Airflow's own server shows, behind Airflow's own authentication."""
