"""What waits for requests without a slot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from tfx_contract.compiled import load_pointer
from tfx_contract.drift_spec import Drift
from tfx_contract.errors import PackageError
from tfx_contract.home import Home

if TYPE_CHECKING:
    from tfx_airflow.drift.windows import WindowPlan
    from tfx_request_log import RequestLog


class WindowTrigger(BaseTrigger):
    """Waits for a window that is worth a check, and gives it.

    It gives None when the model was compiled anew, so that a run of the newest pipeline waits on.

    Args:
      model: The model's name.
      package: Folder of the compiled pipeline that the run is pinned to.
      drift: `drift` of its model.yaml.
      poll_seconds: Time between two looks.
    """

    def __init__(self, model: str, package: str, drift: dict[str, Any], poll_seconds: float):
        super().__init__()  # type: ignore[no-untyped-call]
        self.model, self.package, self.drift = model, package, drift
        self.poll_seconds = poll_seconds
        self._requests: RequestLog | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("model", "package", "drift", "poll_seconds")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while not self._is_outdated():
            if window := await self._look():
                found = window.model_dump(mode="json")
                yield TriggerEvent(found)  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent(None)  # type: ignore[no-untyped-call]

    async def cleanup(self) -> None:
        """Closes the log."""
        if self._requests:
            self._requests.close()

    async def _look(self) -> WindowPlan | None:
        try:
            return await asyncio.to_thread(self._window)
        except Exception as error:
            # A log that is away, or not there yet, is waited for like requests are.
            self.log.warning("The request log cannot be looked at: %s", error)
            return None

    def _window(self) -> WindowPlan | None:
        from tfx_airflow.drift.windows import next_window
        from tfx_request_log import RequestLog
        from tfx_request_log.place import log_url

        home = Home.from_environment()
        if self._requests is None:
            log = RequestLog(log_url(home.endpoint))
            log.check()
            self._requests = log
        return next_window(
            self._requests,
            self.model,
            home.versions(self.model),
            home.checks(self.model),
            Drift.model_validate(self.drift),
            datetime.now(UTC),
        )

    def _is_outdated(self) -> bool:
        package = Path(self.package)
        try:
            return load_pointer(package.parent).digest != package.name
        except PackageError:
            return False
