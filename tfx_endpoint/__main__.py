"""Serves: `python -m tfx_endpoint --folder var/endpoint --dags dags`.

The first line on standard output says where it listens; those after it are the access log.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import orjson
import uvicorn

from tfx_contract.errors import TfxAirflowError
from tfx_endpoint.app import Endpoint, create
from tfx_endpoint.auth import TOKEN_FILE, read_or_create_token
from tfx_endpoint.request_logging import LogCollector, RequestLogger, ground_truth_routes
from tfx_endpoint.settings import LOOPBACK, LogSettings, Settings, limits_from
from tfx_request_log.place import log_url

_GRACE_SECONDS = 30
# Longer than clients keep idle connections, so that it is they who close them.
_KEEP_ALIVE_SECONDS = 90


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # uvicorn ends its work first, and then raises the signal again for us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _serve(_settings(options))
    except (TfxAirflowError, OSError) as error:
        print(f"tfx_endpoint: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tfx_endpoint", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where its state is kept")
    parser.add_argument("--dags", type=Path, required=True, help="the models' folders")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind")
    parser.add_argument("--port", type=int, default=8501, help="0: one that is free")
    parser.add_argument("--token-file", type=Path, help="bearer token; made if there is none")
    parser.add_argument("--buckets", type=Path, help="where Cloud Storage buckets are mounted")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        folder=options.folder.resolve(),
        dags=options.dags.resolve(),
        host=options.host,
        port=options.port,
        buckets=options.buckets.resolve() if options.buckets else None,
        token=_token(options),
        limits=limits_from(os.environ),
        log=LogSettings(url=log_url(options.folder)),
    )


def _token(options: argparse.Namespace) -> str | None:
    """On loopback none is asked for unless one is named; anywhere else always."""
    if options.token_file is None and options.host in LOOPBACK:
        return None
    path: Path = options.token_file or options.folder.resolve() / TOKEN_FILE
    token = read_or_create_token(path)
    print(f"tfx_endpoint: requests need the token in {path}", file=sys.stderr)
    return token


def _serve(settings: Settings) -> None:
    if settings.log is None:
        _run(settings, create(settings))
        return
    with RequestLogger(settings.log, settings.folder, settings.dags) as logger:
        routes = ground_truth_routes(logger)
        _run(settings, create(settings, logger, [LogCollector(logger)], lambda _: routes))


def _run(settings: Settings, endpoint: Endpoint) -> None:
    config = uvicorn.Config(
        endpoint.application,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=2_048,
    )
    _Server(config).run(sockets=[config.bind_socket()])


class _Server(uvicorn.Server):
    """Says where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets and self.started:
            address = _address(self.config.host, sockets[0].getsockname()[1])
            print(orjson.dumps({"listening": address}).decode(), flush=True)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
