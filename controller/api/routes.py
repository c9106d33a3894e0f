"""What the routes of all kinds share: paging, listing, describing, and the answers that refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from controller.api.gate import Operator, TheGate, Who, known_query
from controller.api.schemas import VIEWS, One, Page, Problem
from controller.model import Resource

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Something in the request is wrong; the code says what"},
    401: {"model": Problem, "description": "No valid token"},
    403: {"model": Problem, "description": "Only an operator may do this"},
    404: {"model": Problem, "description": "There is no such resource for this caller"},
    409: {"model": Problem, "description": "Something else is in the way: a dependency, a conflict"},
    503: {"model": Problem, "description": "A switch or the store cannot be reached now"},
}

Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]
NextToken = Annotated[str | None, Query(max_length=1000, description="where the last page ended")]
Filter = Annotated[str | None, Query(max_length=255)]


def router_for(path: str, tag: str) -> APIRouter:
    """A router for the resources under a path."""
    return APIRouter(prefix=f"/v1/{path}", tags=[tag], responses=REFUSALS, dependencies=[Depends(known_query)])


def describable(router: APIRouter, kind: type[Resource], plural: str, view: Any = None) -> None:
    """Adds describing one resource by its id."""

    async def describe(resource_id: str, gate: TheGate, who: Who) -> Any:
        return gate.describe(who, kind, resource_id)

    _add(
        router,
        "/{resource_id}",
        describe,
        f"Describe{kind.__name__}",
        One[view or VIEWS[kind]],
        f"One of the {plural}.",
    )


def listable(router: APIRouter, kind: type[Resource], plural: str) -> None:
    """Adds a list without filters."""

    async def listing(gate: TheGate, who: Who, limit: Limit = 100, next_token: NextToken = None) -> Any:
        return gate.page(who, kind, {}, limit, next_token)

    _add(router, "", listing, f"List{plural}", Page[VIEWS[kind]], f"The {plural} of the caller, by id.")


def listable_by_operator(router: APIRouter, kind: type[Resource], plural: str) -> None:
    """Adds a list for operators."""

    async def listing(gate: TheGate, who: Operator, limit: Limit = 100, next_token: NextToken = None) -> Any:
        return gate.page(who, kind, {}, limit, next_token)

    _add(router, "", listing, f"List{plural}", Page[VIEWS[kind]], f"All {plural}, by id.")


def listable_in_vpc(router: APIRouter, kind: type[Resource], plural: str) -> None:
    """Adds a list that can be narrowed to one VPC."""

    async def listing(
        gate: TheGate, who: Who, vpc_id: Filter = None, limit: Limit = 100, next_token: NextToken = None
    ) -> Any:
        return gate.page(who, kind, {"vpc": vpc_id}, limit, next_token)

    _add(router, "", listing, f"List{plural}", Page[VIEWS[kind]], f"The {plural} of the caller, by id.")


def _add(
    router: APIRouter, path: str, endpoint: Callable[..., Any], operation: str, model: Any, description: str
) -> None:
    router.add_api_route(path, endpoint, response_model=model, operation_id=operation, description=description)
