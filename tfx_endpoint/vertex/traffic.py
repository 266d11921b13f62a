"""The rules of a traffic split."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tfx_endpoint.errors import invalid, refused

NEW = "0"


def check_split(split: Mapping[str, int], ids: Collection[str]) -> None:
    """A split names deployed models alone and adds up to 100; an empty one stops all traffic.

    Raises:
      RequestError: INVALID_ARGUMENT.
    """
    for key, share in split.items():
        if key not in ids:
            known = ", ".join(sorted(ids)) or "none"
            raise invalid(f"trafficSplit: there is no deployed model '{key}'; there are: {known}")
        if not 0 <= share <= 100:
            raise invalid(f"trafficSplit['{key}'] must be 0 to 100, not {share}")
    if split and sum(split.values()) != 100:
        raise invalid(f"trafficSplit must add up to 100, not {sum(split.values())}")


def split_with_new(split: Mapping[str, int], new_id: str) -> dict[str, int]:
    """A split in which the key "0", the model that is being deployed, has become its id."""
    return {new_id if key == NEW else key: share for key, share in split.items()}


def split_without(endpoint: Any, leaving: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """The split of an endpoint that loses a deployed model.

    Raises:
      RequestError: INVALID_ARGUMENT; FAILED_PRECONDITION: the one that leaves has traffic.
    """
    remaining = {deployed.id for deployed in endpoint.deployed_models} - {leaving}
    if not remaining:
        return {}
    if wanted:
        if wanted.get(leaving) == 0:
            wanted = {key: share for key, share in wanted.items() if key != leaving}
        check_split(wanted, remaining)
        return dict(wanted)
    share = dict(endpoint.traffic_split).get(leaving, 0)
    if share:
        raise refused(
            f"deployed model {leaving} has {share} % of the traffic; "
            "name a trafficSplit that gives it to others"
        )
    return {key: part for key, part in dict(endpoint.traffic_split).items() if key != leaving}
