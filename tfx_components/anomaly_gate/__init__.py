"""AnomalyGate: stops a run whose data has anomalies against the curated schema."""
