"""How routes announce their refusals in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from speechsvc.api.schemas import Problem


def refusals(*pairs: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route from pairs of status and meaning; all have the shape of `Problem`."""
    return {status: {"model": Problem, "description": meaning} for status, meaning in pairs}


NO_CALL = (404, "No such call, or not one that this key may see")
NOT_READY = (409, "Not there yet: see the call's status")
