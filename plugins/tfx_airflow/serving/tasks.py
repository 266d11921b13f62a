"""The names of the tasks of a push, in their order, and of the fields of the forms."""

from __future__ import annotations

from tfx_contract.serving_spec import Serving

WAIT = "wait_for_version"
TAKE_OVER = "take_over"
UPLOAD = "upload"
CHECK = "check_compatibility"
SMOKE = "smoke_test"
SHADOW = "shadow"
APPROVE = "approve"
PROMOTE = "promote"
SETTLE = "settle"

CHOOSE = "choose_version"
ROLL_BACK = "roll_back"

VERSION = "version"
TO_VERSION = "to_version"


def canary_steps(serving: Serving) -> dict[str, int | None]:
    """The task that begins each step, with its per cent of the traffic; None: a copy of it."""
    if serving.canary.shadow:
        return {SHADOW: None}
    return {f"share_{percent}": percent for percent in serving.canary.steps}


def watch_of(step: str) -> str:
    """The task that watches a step."""
    return f"watch_{step.removeprefix('share_')}"


def push_tasks(serving: Serving) -> list[str]:
    """Every task of a push in its order."""
    canary = [task for step in canary_steps(serving) for task in (step, watch_of(step))]
    approval = [APPROVE] if serving.approval else []
    return [WAIT, TAKE_OVER, UPLOAD, CHECK, SMOKE, *canary, *approval, PROMOTE, SETTLE]
