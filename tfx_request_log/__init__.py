"""The request-response log: its schema and access, in both environments, without TensorFlow."""

from tfx_request_log.log import RequestLog
from tfx_request_log.records import LoggedRequest, LogStatistics

__all__ = ["LogStatistics", "LoggedRequest", "RequestLog"]
