"""The application: every route, and what surrounds them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client.registry import Collector
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from tfx_endpoint.access_log import AccessLog, LineWriter
from tfx_endpoint.auth import BearerAuth
from tfx_endpoint.failures import Failures
from tfx_endpoint.health import HealthRoutes
from tfx_endpoint.metrics import DeployedCollector, Metrics, ProcessWideCollector
from tfx_endpoint.openapi import Description
from tfx_endpoint.page.routes import page_routes
from tfx_endpoint.predicting import Predictor
from tfx_endpoint.routing import Routes
from tfx_endpoint.running import Running
from tfx_endpoint.served import ServedRequest
from tfx_endpoint.services import Services
from tfx_endpoint.settings import Settings
from tfx_endpoint.state.database import Database
from tfx_endpoint.tf_serving.routes import TfServingRoutes
from tfx_endpoint.vertex.deployment import DeploymentRoutes
from tfx_endpoint.vertex.endpoints import EndpointRoutes
from tfx_endpoint.vertex.models import ModelRoutes
from tfx_endpoint.vertex.predict import PredictRoutes
from tfx_endpoint.vertex.progress import OperationRoutes

LOCATION = "/v1/projects/{project}/locations/{location}"


class _Id(StringConvertor):
    """A resource's id in a path; what follows a colon is a verb, and no part of it."""

    regex = "[^/:]+"


@dataclass
class Endpoint:
    """The ASGI application with its parts, for those who add to it."""

    application: ASGIApp
    services: Services
    metrics: Metrics


def create(
    settings: Settings,
    observe: Callable[[ServedRequest], None] | None = None,
    collectors: Iterable[Collector] = (),
    more_routes: Callable[[Services], Iterable[BaseRoute]] = lambda _: (),
) -> Endpoint:
    """Builds the application; its models load when it starts.

    Args:
      observe: Is called after each prediction that succeeded; must not block.
      collectors: Further metrics.
      more_routes: Makes further routes.

    Raises:
      SetupError: another process serves the folder.
    """
    services = Services(
        settings, Database(settings.folder), Routes(settings.limits), Running(), observe
    )
    writer, metrics = LineWriter(), Metrics()
    register_url_convertor("id", _Id())
    routes = [*_routes(services, metrics), *more_routes(services)]
    inner: ASGIApp = Router(routes, lifespan=_lifespan(services, writer), redirect_slashes=False)
    if settings.token is not None:
        inner = BearerAuth(inner, settings.token)
    access = AccessLog(Failures(inner), writer)
    ours = (DeployedCollector(services), ProcessWideCollector(access, writer))
    for collector in (*ours, *collectors):
        metrics.register(collector)
    return Endpoint(access, services, metrics)


def _lifespan(services: Services, writer: LineWriter) -> Any:
    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await services.start()
        yield
        await services.stop()
        writer.close()

    return lifespan


def _routes(services: Services, metrics: Metrics) -> list[Route]:
    """All routes; those that are asked most come first."""
    predictor = Predictor(services)
    health = HealthRoutes(services)
    routes = [
        *_prediction_routes(services, predictor),
        *_endpoint_routes(services),
        *_model_routes(services),
        *_operation_routes(services),
        Route("/health", health.health),
        Route("/ready", health.ready),
        Route("/metrics", metrics.show),
    ]
    described = Route("/openapi.json", Description(routes).show)
    return [*routes, described, *page_routes(services, LOCATION)]


def _prediction_routes(services: Services, predictor: Predictor) -> list[Route]:
    vertex, serving = PredictRoutes(services, predictor), TfServingRoutes(services, predictor)
    endpoint, model = f"{LOCATION}/endpoints/{{endpoint:id}}", "/v1/models/{model:id}"
    places = (model, f"{model}/versions/{{version:int}}", f"{model}/labels/{{label:id}}")
    return [
        Route(f"{endpoint}:predict", vertex.predict, methods=["POST"]),
        Route(f"{endpoint}:rawPredict", vertex.raw_predict, methods=["POST"]),
        Route(f"{endpoint}:explain", vertex.explain, methods=["POST"]),
        *(Route(f"{place}:predict", serving.predict, methods=["POST"]) for place in places),
        *(
            Route(f"{place}:{verb}", serving.unsupported, methods=["POST"])
            for place in places
            for verb in ("classify", "regress")
        ),
        *(Route(f"{place}/metadata", serving.metadata) for place in places),
        *(Route(place, serving.status) for place in places),
    ]


def _endpoint_routes(services: Services) -> list[Route]:
    endpoints, deployment = EndpointRoutes(services), DeploymentRoutes(services)
    every, one = f"{LOCATION}/endpoints", f"{LOCATION}/endpoints/{{endpoint:id}}"
    return [
        Route(f"{one}:deployModel", deployment.deploy, methods=["POST"]),
        Route(f"{one}:undeployModel", deployment.undeploy, methods=["POST"]),
        Route(f"{one}:counters", endpoints.counters),
        Route(every, endpoints.create, methods=["POST"]),
        Route(every, endpoints.list),
        Route(one, endpoints.get),
        Route(one, endpoints.patch, methods=["PATCH"]),
        Route(one, endpoints.delete, methods=["DELETE"]),
    ]


def _model_routes(services: Services) -> list[Route]:
    models = ModelRoutes(services)
    every, one = f"{LOCATION}/models", f"{LOCATION}/models/{{model:id}}"
    return [
        Route(f"{every}:upload", models.upload, methods=["POST"]),
        Route(f"{one}:listVersions", models.list_versions),
        Route(f"{one}:mergeVersionAliases", models.merge_aliases, methods=["POST"]),
        Route(f"{one}:deleteVersion", models.delete_version, methods=["DELETE"]),
        Route(every, models.list),
        Route(one, models.get),
        Route(one, models.patch, methods=["PATCH"]),
        Route(one, models.delete, methods=["DELETE"]),
    ]


def _operation_routes(services: Services) -> list[Route]:
    operations = OperationRoutes(services)
    routes = []
    # Google's clients ask for operations under /ui when they speak REST.
    roots = (LOCATION, LOCATION.replace("/v1/", "/ui/", 1))
    for place in (each for root in roots for each in (root, f"{root}/{{kind}}/{{resource}}")):
        every, one = f"{place}/operations", f"{place}/operations/{{operation:id}}"
        routes += [
            Route(f"{one}:wait", operations.wait, methods=["POST"]),
            Route(f"{one}:cancel", operations.cancel, methods=["POST"]),
            Route(every, operations.list),
            Route(one, operations.get),
            Route(one, operations.delete, methods=["DELETE"]),
        ]
    return routes
