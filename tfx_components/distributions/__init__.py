"""Distributions of columns: counted in shared bins, compared with TFDV, weighed against chance."""
