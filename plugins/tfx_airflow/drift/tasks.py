"""The names of the tasks of a drift check, before and after the nodes of its pipeline."""

from __future__ import annotations

WAIT = "wait_for_requests"
CONCLUDE = "conclude"
ASK = "ask"
RETRAIN = "retrain"
RECORD = "record"

# The node whose report is concluded from.
DETECTOR = "DriftDetector"
REPORT = "report"
