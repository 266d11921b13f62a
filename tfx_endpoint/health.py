"""Whether the process lives, and whether it has loaded what it serves."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.bodies import json_answer
from tfx_endpoint.deployed import State
from tfx_endpoint.services import Services


class HealthRoutes:
    """For load balancers, and for whoever starts the process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def health(self, request: Request) -> Response:
        """The process answers."""
        return json_answer({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """200 when each deployed model is loaded or has failed, 503 before; with the reasons."""
        deployed = self._services.routes.all_deployed()
        loading = any(one.state is State.LOADING for one in deployed)
        content = {
            "ready": not loading,
            "deployedModels": [
                {
                    "endpoint": one.endpoint,
                    "id": one.id,
                    "model": one.version.display_name,
                    "version": str(one.version.number or one.version.version_id),
                    "state": one.state,
                    "reason": one.reason,
                }
                for one in deployed
            ],
        }
        return json_answer(content, 503 if loading else 200)
