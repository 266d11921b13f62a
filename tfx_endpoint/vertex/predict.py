"""Routes of predictions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.bodies import json_answer, parse_object, read_body
from tfx_endpoint.deployed import Deployed
from tfx_endpoint.errors import Code, RequestError
from tfx_endpoint.predicting import Answered, Predictor, asked
from tfx_endpoint.routing import Route
from tfx_endpoint.services import Services
from tfx_endpoint.vertex.endpoints import endpoint_name

_PREDICT = ("instances", "parameters", "signature_name")
_RAW = ("instances", "inputs", "signature_name")


class PredictRoutes:
    """predict and rawPredict of Vertex AI's PredictionService."""

    def __init__(self, services: Services, predictor: Predictor) -> None:
        self._services, self._predictor = services, predictor
        self._limit = services.settings.limits.max_request_bytes

    async def predict(self, request: Request) -> Response:
        """Predicts one value for each instance."""
        answered = await self._answer(request, _PREDICT)
        version = answered.by.version
        content = {
            "predictions": answered.predictions,
            "deployedModelId": answered.by.id,
            "model": version.model,
            "modelDisplayName": version.display_name,
            "modelVersionId": version.version_id,
            # As a text: 63 bits are more than JSON's numbers hold everywhere.
            "metadata": {
                "request_id": str(answered.request_id),
                "signature": answered.signature,
            },
        }
        return json_answer(content, headers=answered.headers())

    async def raw_predict(self, request: Request) -> Response:
        """Takes TF Serving's body, rows or columns, and gives TF Serving's answer."""
        body = await read_body(request.scope, request.receive, self._limit)
        wanted = asked(parse_object(body), _RAW)
        route, one = self._target(request)
        answered = await self._predictor.answer(request, route, one, wanted)
        key = "outputs" if wanted.in_columns else "predictions"
        return json_answer({key: answered.predictions}, headers=answered.headers())

    async def explain(self, request: Request) -> Response:
        """Not offered."""
        raise RequestError(Code.UNIMPLEMENTED, "this endpoint does not explain predictions")

    async def _answer(self, request: Request, allowed: tuple[str, ...]) -> Answered:
        body = await read_body(request.scope, request.receive, self._limit)
        wanted = asked(parse_object(body), allowed)
        route, one = self._target(request)
        return await self._predictor.answer(request, route, one, wanted)

    def _target(self, request: Request) -> tuple[Route, Deployed]:
        """By the traffic split, or the deployed model that the request names."""
        route = self._services.routes.find(endpoint_name(request))
        named = request.headers.get("x-deployed-model-id") or request.query_params.get(
            "deployedModelId"
        )
        return route, route.named(named) if named else route.choose()
