"""The application: all routers, and every refusal as {"code": ..., "message": ..., "field": ...}."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from controller.api import compute, edges, flows, network, observe, operator, peering, region
from controller.api.gate import Gate
from controller.api.plugins import serve_plugins
from controller.errors import RequestError, StoreError
from controller.loader.manager import PluginManager
from controller.model.observations import SwitchState
from controller.store import Ledger

_log = logging.getLogger(__name__)

_STATUS: Mapping[str, int] = {
    "AuthFailure": 401,
    "UnauthorizedOperation": 403,
    "DependencyViolation": 409,
    "InvalidSubnet.Conflict": 409,
    "InvalidIPAddress.InUse": 409,
    "InvalidNetworkInterface.InUse": 409,
    "RouteAlreadyExists": 409,
    "VpcPeeringConnectionAlreadyExists": 409,
    "InvalidStateTransition": 409,
    "ResourceConflict": 409,
    "InsufficientFreeAddressesInSubnet": 409,
    "InsufficientInstanceCapacity": 409,
    "IncorrectState": 409,
    "Unavailable": 503,
}
_HTTP_CODES: Mapping[int, str] = {404: "InvalidAction", 405: "InvalidAction", 400: "MalformedRequest"}


def create_app(
    ledger: Ledger,
    switches: Callable[[], Sequence[SwitchState]] = lambda: (),
    plugins: PluginManager | None = None,
) -> FastAPI:
    """The API over a ledger; `switches` says how far they are, `plugins` brings further resources."""
    app = routed_app()
    app.state.gate = Gate(ledger, switches)
    if plugins is not None:
        serve_plugins(app, plugins)
    return app


def routed_app() -> FastAPI:
    """The API without a ledger: what describes itself; `app.state.gate` has to be set before it answers."""
    app = FastAPI(title="p4vpc", version="1", description="A VPC network on programmable data planes.")
    for router in (
        network.vpcs,
        network.subnets,
        network.route_tables,
        peering.peerings,
        compute.network_interfaces,
        compute.instances,
        operator.hosts,
        edges.edge_ports,
        operator.accounts,
        operator.tokens,
        region.settings,
        region.stacks,
        region.mappings,
        region.history,
        region.status,
        observe.explanations,
        observe.drops,
        observe.traffic,
        flows.flows,
    ):
        app.include_router(router)
    app.add_exception_handler(RequestError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StoreError, _failed)
    app.add_exception_handler(Exception, _broken)
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]
    return app


def status_of(code: str) -> int:
    """The HTTP status that goes with an error code."""
    if code in _STATUS:
        return _STATUS[code]
    return 404 if code.endswith(".NotFound") else 409 if code.endswith("LimitExceeded") else 400


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)
    headers = {"WWW-Authenticate": "Bearer"} if error.code == "AuthFailure" else None
    return _problem(status_of(error.code), error.code, error.message, error.field, headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
    place = [part for part in place if "[" not in part]  # which kind of value was tried is no part of the request
    code = "MissingParameter" if first["type"] == "missing" else "InvalidParameterValue"
    return _problem(400, code, first["msg"], ".".join(place) or None)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "RequestFailed")
    return _problem(error.status_code, code, error.detail, None, error.headers)


async def _failed(_: Request, error: Exception) -> JSONResponse:
    _log.error("store_failed error=%r", str(error))
    return _problem(503, "Unavailable", "The store cannot be written; nothing was changed")


async def _broken(request: Request, error: Exception) -> JSONResponse:
    _log.error("request_failed path=%s error=%r", request.url.path, error, exc_info=error)
    return _problem(500, "InternalError", "The controller made a mistake; nothing was changed")


def _problem(
    status: int, code: str, message: str, field: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse({"code": code, "message": message, "field": field}, status, headers)


def _description(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, in which invalid requests are 400 as everywhere in AWS, not FastAPI's 422."""
    if app.openapi_schema is None:
        schema = FastAPI.openapi(app)
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
    assert app.openapi_schema is not None
    return app.openapi_schema
