"""The request log as the endpoint fills it: sampled, without what must not be kept, in the back."""

from tfx_endpoint.request_logging.logger import RequestLogger
from tfx_endpoint.request_logging.metrics import LogCollector
from tfx_endpoint.request_logging.routes import ground_truth_routes

__all__ = ["LogCollector", "RequestLogger", "ground_truth_routes"]
