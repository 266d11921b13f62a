"""Writes a model's folder from a data file: `python -m tfx_scaffold NAME --csv F --label COLUMN`.

table → facts → columns, problem → leakage → files: each step is a module of that name. Facts are
TFDV's; the expectations are held against the file by Great Expectations before anything is written.
"""
