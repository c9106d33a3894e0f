"""Routes for the resources of a plugin, made from its classes and methods: nothing here knows any plugin."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from controller.api.gate import Gate, Once, TheGate, Who
from controller.api.routes import Filter, Limit, NextToken, describable, router_for
from controller.api.schemas import Answer, One, Page, view_of
from controller.loader.manager import PluginManager
from controller.model import PluginResource
from controller.model.transaction import Caller, Transaction
from controller.operations import Operation, Verb, operations, plural
from controller.plugin import Plugin

_Id = Annotated[str, Path(max_length=255)]


def plugin_routers(plugin: Plugin, manager: PluginManager) -> list[APIRouter]:
    """A router for each kind of resource that the plugin brings."""
    routers = []
    for kind in plugin.resources:
        router = router_for(plural(kind), plugin.manifest.summary)
        view = view_of(kind)
        _listing(router, kind, view)
        describable(router, kind, plural(kind), view)
        for operation in operations(plugin):
            if operation.kind is kind:
                _route(router, plugin, manager, operation, view)
        routers.append(router)
    return routers


def _listing(router: APIRouter, kind: type[PluginResource], view: Any) -> None:
    names = ("name", *kind.INDEXED)

    async def listing(gate: Gate, who: Caller, limit: int, next_token: str | None, **filters: str | None) -> Any:
        return gate.page(who, kind, filters, limit, next_token)

    parameters = [
        _parameter("gate", TheGate),
        _parameter("who", Who),
        *(_parameter(name, Filter, None) for name in names),
        _parameter("limit", Limit, 100),
        _parameter("next_token", NextToken, None),
    ]
    endpoint = _signed(listing, parameters)
    text = f"The {plural(kind)} of the caller that fit all filters, by id."
    plural_name = "".join(part.capitalize() for part in plural(kind).split("-"))
    router.add_api_route(
        "", endpoint, response_model=Page[view], operation_id=f"List{plural_name}", description=text, methods=["GET"]
    )


def _route(router: APIRouter, plugin: Plugin, manager: PluginManager, operation: Operation, view: Any) -> None:
    method: Callable[..., Any] = getattr(plugin, operation.method)
    kind = operation.kind

    def perform(tx: Transaction, resource_id: str | None, body: BaseModel | None) -> Any:
        manager.require_loaded(plugin)
        fields = {} if body is None else {name: getattr(body, name) for name in type(body).model_fields}
        return method(tx, **fields) if resource_id is None else method(tx, tx.get(kind, resource_id), **fields)

    async def create(gate: Gate, who: Caller, once: Any, body: BaseModel) -> Any:
        return gate.create(once, who, body, lambda tx: perform(tx, None, body))

    async def change(gate: Gate, who: Caller, resource_id: str, body: BaseModel) -> Any:
        return gate.change(who, operation.operation_id, lambda tx: perform(tx, resource_id, body))

    async def delete(gate: Gate, who: Caller, resource_id: str) -> Any:
        return gate.remove(who, operation.operation_id, lambda tx: perform(tx, resource_id, None))

    one = One[view]
    by_id = _parameter("resource_id", _Id)
    shared = [_parameter("gate", TheGate), _parameter("who", Who)]
    body = _parameter("body", operation.request)
    path = "" if operation.verb is Verb.CREATE else "/{resource_id}"
    match operation.verb:
        case Verb.CREATE:
            endpoint, verb, status = _signed(create, [*shared, _parameter("once", Once), body]), "POST", 201
        case Verb.DELETE:
            endpoint, verb, status, one = _signed(delete, [*shared, by_id]), "DELETE", 200, Answer
        case Verb.MODIFY:
            endpoint, verb, status = _signed(change, [*shared, by_id, body]), "PATCH", 200
        case Verb.ACT:
            endpoint, verb, status = _signed(change, [*shared, by_id, body]), "POST", 200
            path = f"{path}/{operation.word}"
    router.add_api_route(
        path,
        endpoint,
        methods=[verb],
        status_code=status,
        response_model=one,
        operation_id=operation.operation_id,
        description=operation.summary,
    )


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _signed(endpoint: Callable[..., Any], parameters: list[inspect.Parameter]) -> Callable[..., Any]:
    """The endpoint with the parameters that FastAPI is to see."""
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    endpoint.__annotations__ = {one.name: one.annotation for one in parameters}
    return endpoint
