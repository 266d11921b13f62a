"""DataGate: stops a run before anything is learned from data that is not what it should be."""
