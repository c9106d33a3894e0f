"""create, list, describe, delete for every kind of resource; the options of `create` are the API's own fields."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from controller.api import schemas
from controller.commands.client import ClientError
from controller.commands.session import Session, connected


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of resource is called on the command line and in the API."""

    name: str
    path: str
    request: type[BaseModel]
    prefix: str
    columns: Sequence[str]


KINDS = (
    Kind("vpc", "vpcs", schemas.CreateVpc, "vpc-", ("id", "name", "cidr_blocks", "state")),
    Kind(
        "subnet", "subnets", schemas.CreateSubnet, "subnet-", ("id", "name", "cidr_block", "ipv6_cidr_block", "vpc_id")
    ),
    Kind("route-table", "route-tables", schemas.CreateRouteTable, "rtb-", ("id", "name", "vpc_id", "routes", "state")),
    Kind(
        "vpc-peering-connection",
        "vpc-peering-connections",
        schemas.CreateVpcPeeringConnection,
        "pcx-",
        ("id", "name", "requester_vpc_id", "accepter_vpc_id", "status", "state"),
    ),
    Kind(
        "network-interface",
        "network-interfaces",
        schemas.CreateNetworkInterface,
        "eni-",
        ("id", "name", "addresses", "mac", "subnet_id", "instance_id", "state"),
    ),
    Kind(
        "instance", "instances", schemas.RunInstance, "i-", ("id", "name", "network_interface_id", "host_id", "state")
    ),
    Kind("host", "hosts", schemas.CreateHost, "host-", ("id", "name", "address", "switch", "state")),
    Kind("account", "accounts", schemas.CreateAccount, "", ("id", "name")),
    Kind("token", "tokens", schemas.CreateToken, "token-", ("id", "name", "account_id")),
)
_FILTERS: Mapping[str, Sequence[str]] = {
    "subnets": ("vpc_id",),
    "route-tables": ("vpc_id",),
    "network-interfaces": ("vpc_id", "subnet_id", "instance_id"),
    "instances": ("name",),
}

create = typer.Typer(help="Create a resource.", no_args_is_help=True)
listing = typer.Typer(help="List resources.", no_args_is_help=True)
delete = typer.Typer(help="Delete a resource.", no_args_is_help=True)


def kind_of(resource_id: str) -> Kind:
    """The kind that an id belongs to; account ids are digits."""
    for kind in KINDS:
        if (kind.prefix and resource_id.startswith(kind.prefix)) or (not kind.prefix and resource_id.isdigit()):
            return kind
    known = ", ".join(f"{kind.prefix}..." for kind in KINDS if kind.prefix)
    raise ClientError(f"{resource_id!r} is not the id of a resource ({known}, or the digits of an account)")


Id = Annotated[str, typer.Argument(help="the id of any resource")]


@connected
def describe(session: Session, resource_id: Id) -> None:
    """Show one resource with all its fields."""
    kind = kind_of(resource_id)
    if kind.name == "token":
        raise ClientError("tokens can only be listed")
    session.resource(session.client.call("GET", f"{kind.path}/{resource_id}")["resource"])


def _create(kind: Kind) -> Callable[..., None]:
    def verb(session: Session, **fields: Any) -> None:
        body = {name: _sent(kind.request.model_fields[name], value) for name, value in fields.items()}
        answer = session.client.call("POST", kind.path, {name: v for name, v in body.items() if v not in (None, ())})
        if "secret" in answer:
            session.resource(answer["resource"] | {"secret": answer["secret"]})
        else:
            session.resource(answer["resource"])

    parameters = [inspect.Parameter("session", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [_option(name, field) for name, field in kind.request.model_fields.items()]
    return _command(verb, f"create_{kind.name}", kind.request.__doc__, parameters)


def _list(kind: Kind) -> Callable[..., None]:
    def verb(session: Session, limit: int | None, **filters: str | None) -> None:
        query = {name: value for name, value in filters.items() if value is not None}
        session.resources(session.client.items(kind.path, query, limit), kind.columns)

    limit = Annotated[int | None, typer.Option(min=1, help="how many at most")]
    parameters = [
        inspect.Parameter("session", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        inspect.Parameter("limit", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=limit),
    ]
    for name in _FILTERS.get(kind.path, ()):
        annotation = Annotated[str | None, typer.Option(help="only those with this")]
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation))
    return _command(verb, f"list_{kind.name}", f"List the {kind.path}.", parameters)


def _delete(kind: Kind) -> Callable[..., None]:
    def verb(session: Session, resource_id: Annotated[str, typer.Argument()]) -> None:
        answer = session.client.call("DELETE", f"{kind.path}/{resource_id}")
        session.say(f"{resource_id} is deleted (revision {answer['revision']})", answer)

    return _command(verb, f"delete_{kind.name}", f"Delete one of the {kind.path} by its id.", None)


def _command(
    verb: Callable[..., None], name: str, doc: str | None, parameters: Sequence[inspect.Parameter] | None
) -> Callable[..., None]:
    verb.__name__, verb.__doc__ = name, doc
    if parameters is not None:
        verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return connected(verb)


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    kind: Any = str
    if field.annotation in (int, bool):
        kind = field.annotation
    elif _is_list(field):
        kind = list[str]
    options = typer.Option(f"--{name.replace('_', '-')}", help="a JSON object" if _is_object(field) else None)
    if kind is bool:
        options = typer.Option(f"--{name.replace('_', '-')}/--no-{name.replace('_', '-')}")
    if field.is_required():
        annotation, default = Annotated[kind, options], inspect.Parameter.empty
    else:
        annotation, default = Annotated[kind | None, options], None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _sent(field: FieldInfo, value: Any) -> Any:
    if value is None or not _is_object(field):
        return value or None if isinstance(value, list) else value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ClientError(f"{value!r} is not JSON: {error}") from None


def _is_list(field: FieldInfo) -> bool:
    return getattr(field.annotation, "__origin__", None) in (tuple, list)


def _is_object(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _fill() -> None:
    for kind in KINDS:
        create.command(kind.name)(_create(kind))
        listing.command(kind.path)(_list(kind))
        delete.command(kind.name)(_delete(kind))


_fill()
