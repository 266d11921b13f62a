"""Late ground truth over HTTP: `POST /v1/{endpoint}:groundtruth`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tfx_contract.errors import InputError
from tfx_endpoint.errors import Code, RequestError, invalid
from tfx_endpoint.request_logging.logger import RequestLogger

_LARGEST_ID = 2**63 - 1
_MOST_AT_ONCE = 10_000
# A label may come while its request still waits to be written.
_FLUSH_SECONDS = 2.0
_BODY = '{"groundtruth": [{"requestId": "…", "value": …}, …]}'


def ground_truth_routes(logger: RequestLogger) -> list[Route]:
    """The route by which a client tells what turned out to be true.

    The body is `{"groundtruth": [{"requestId": "…", "value": …}]}`; a value is a list with one
    element per instance, or, for a request of one instance, the value alone. The answer is
    `{"updated": n, "unknown": ["…"]}`; either all known requests are labelled, or none.
    """

    async def ground_truth(request: Request) -> Response:
        try:
            labels = _parse(await request.body())
            endpoint = request.path_params["endpoint"]
            answer = await asyncio.to_thread(partial(_store, logger, endpoint, labels))
        except RequestError as error:
            return _json(error.as_json(), error.http_status)
        return _json(answer, 200)

    return [Route("/v1/{endpoint:path}:groundtruth", ground_truth, methods=["POST"])]


def _store(logger: RequestLogger, endpoint: str, labels: dict[int, Any]) -> dict[str, Any]:
    if logger.queued and logger.failing_since is None:
        logger.flush(_FLUSH_SECONDS)
    try:
        unknown = logger.log.set_ground_truth(labels, endpoint=endpoint)
    except InputError as error:
        raise invalid(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise RequestError(
            Code.UNAVAILABLE, "The request log's database cannot be written now; try again later."
        ) from error
    return {"updated": len(labels) - len(unknown), "unknown": [str(id_) for id_ in unknown]}


def _parse(body: bytes) -> dict[int, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The body is not JSON: {error}.") from error
    entries = document.get("groundtruth") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(document) != 1:
        raise invalid(f"The body must be {_BODY}.")
    if len(entries) > _MOST_AT_ONCE:
        raise invalid(f"groundtruth has {len(entries)} entries; allowed are {_MOST_AT_ONCE}.")
    labels: dict[int, Any] = {}
    for index, entry in enumerate(entries):
        request_id, value = _parse_entry(index, entry)
        if request_id in labels:
            raise invalid(f"groundtruth[{index}]: request {request_id} stands there before.")
        labels[request_id] = value
    return labels


def _parse_entry(index: int, entry: Any) -> tuple[int, Any]:
    if not isinstance(entry, dict) or entry.keys() != {"requestId", "value"}:
        raise invalid(f"groundtruth[{index}] must be an object of 'requestId' and 'value'.")
    text = str(entry["requestId"])
    if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= _LARGEST_ID):
        raise invalid(
            f"groundtruth[{index}].requestId is '{text[:40]}', and must be the request id that the "
            f"prediction came with (X-Request-Id), a whole number from 1 to {_LARGEST_ID}."
        )
    if entry["value"] is None:
        raise invalid(f"groundtruth[{index}].value is null; leave it out while it is not known.")
    return int(text), entry["value"]


def _json(document: Any, status: int) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
