"""Where the request log of a run is."""

from __future__ import annotations

from tfx_components.version_pusher.request import node_request
from tfx_contract.home import Home
from tfx_request_log.place import log_url


def request_log_url() -> str:
    """The log that the node runner names, or that of this machine."""
    request = node_request()
    return (request and request.request_log) or log_url(Home.from_environment().endpoint)
