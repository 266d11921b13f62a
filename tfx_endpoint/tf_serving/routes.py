"""`/v1/models/NAME`: predictions, status and signatures as TensorFlow Serving gives them.

NAME is a model's display name. A version is the number we pushed it under, or Vertex AI's version
id when it has none; a label is a version alias. Without either, the endpoint of the same display
name answers, by its traffic split.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.bodies import json_answer, parse_object, read_body
from tfx_endpoint.deployed import Deployed, State
from tfx_endpoint.errors import Code, RequestError, not_found
from tfx_endpoint.predicting import Predictor, asked
from tfx_endpoint.routing import Route
from tfx_endpoint.services import Services

_FIELDS = ("signature_name", "instances", "inputs")
_STATES = {
    State.LOADING: "LOADING",
    State.READY: "AVAILABLE",
    State.DRAINING: "UNLOADING",
    State.FAILED: "END",
}


class TfServingRoutes:
    """Answers what TensorFlow Serving's REST interface answers."""

    def __init__(self, services: Services, predictor: Predictor) -> None:
        self._services, self._predictor = services, predictor
        self._limit = services.settings.limits.max_request_bytes

    async def predict(self, request: Request) -> Response:
        """Predicts rows (`instances`) or columns (`inputs`)."""
        body = await read_body(request.scope, request.receive, self._limit)
        wanted = asked(parse_object(body), _FIELDS)
        route, one = self._target(request)
        answered = await self._predictor.answer(request, route, one, wanted)
        key = "outputs" if wanted.in_columns else "predictions"
        return json_answer({key: answered.predictions}, headers=answered.headers())

    async def unsupported(self, request: Request) -> Response:
        """Not offered: classify and regress."""
        verb = request.url.path.rsplit(":", 1)[-1]
        raise RequestError(
            Code.UNIMPLEMENTED,
            f"':{verb}' needs a signature made for it, which models here do not have; "
            "use ':predict' with a signature_name",
        )

    async def status(self, request: Request) -> Response:
        """The state of each version, or of one."""
        found = self._versions(request)
        return json_answer({"model_version_status": [_status(one) for one in found]})

    async def metadata(self, request: Request) -> Response:
        """The signatures of a version."""
        _, one = self._target(request)
        signatures = one.ready_server().signatures
        name = request.path_params["model"]
        return json_answer(
            {
                "model_spec": {"name": name, "signature_name": "", "version": _number(one)},
                "metadata": {
                    "signature_def": {
                        "signature_def": {
                            key: spec.as_metadata() for key, spec in signatures.items()
                        }
                    }
                },
            }
        )

    def _target(self, request: Request) -> tuple[Route, Deployed]:
        if request.path_params.keys() & {"version", "label"}:
            one = self._versions(request)[0]
            return self._services.routes.find(one.endpoint), one
        name = request.path_params["model"]
        routes = [route for route in self._services.routes if route.display_name == name]
        if not routes:
            known = sorted({route.display_name for route in self._services.routes})
            raise not_found(f"no endpoint has the display name '{name}'; there are: {known}")
        route = min(routes, key=lambda one: one.created)
        return route, route.choose()

    def _versions(self, request: Request) -> list[Deployed]:
        """The deployed versions that the path means, the newest first, those that are ready before.

        Raises:
          RequestError: NOT_FOUND.
        """
        path = request.path_params
        every = self._services.routes.all_deployed()
        named = [one for one in every if one.version.display_name == path["model"]]
        found = [one for one in named if _is_meant(one, path)]
        if not found:
            versions = ", ".join(sorted({_number(one) for one in named}, key=int)) or "none"
            raise not_found(
                f"{request.url.path}: not deployed; of '{path['model']}' there is: {versions}"
            )
        return sorted(found, key=lambda one: (one.state is not State.READY, -int(_number(one))))


def _is_meant(one: Deployed, path: dict[str, Any]) -> bool:
    if "version" in path:
        return _number(one) == str(path["version"])
    return "label" not in path or path["label"] in one.version.aliases


def _number(one: Deployed) -> str:
    return str(one.version.number or one.version.version_id)


def _status(one: Deployed) -> dict[str, Any]:
    failed = one.state is State.FAILED
    code = Code.FAILED_PRECONDITION.name if failed else "OK"
    return {
        "version": _number(one),
        "state": _STATES[one.state],
        "status": {"error_code": code, "error_message": one.reason},
    }
