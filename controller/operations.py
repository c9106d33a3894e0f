"""What can be done with a plugin's resources: methods that become REST routes and verbs of the command line.

class Groups(Plugin):
    resources = (Group,)

    @creates(Group)
    def create_group(self, tx: Transaction, *, vpc_id: str, name: str = "") -> Group: ...

    @action(Group, "authorize-ingress")
    def authorize_group_ingress(self, tx: Transaction, group: Group, *, protocol: str) -> Group: ...

The keyword parameters are the fields of the request and the options of the verb; their annotations are checked.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from controller.api import schemas
from controller.model import PluginResource

_F = TypeVar("_F", bound=Callable[..., Any])

_MARK = "_p4vpc_operation"
_CHECKED: dict[Any, Any] = {
    str: Annotated[str, Field(max_length=1024)],
    int: Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)],
    IPv4Address: schemas.V4Address,
    IPv6Address: schemas.V6Address,
    IPv4Network: schemas.V4Network,
    IPv6Network: schemas.V6Network,
    IPv4Address | IPv6Address: schemas.AnyAddress,
    IPv4Network | IPv6Network: schemas.AnyNetwork,
}


class Verb(StrEnum):
    """What an operation does to a resource."""

    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"
    ACT = "act"


class OperationError(TypeError):
    """A method that cannot become an operation; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a plugin as the API sees it; `word` is its name on the command line and, for ACT, in the path."""

    verb: Verb
    kind: type[PluginResource]
    word: str
    method: str
    summary: str
    request: type[BaseModel]

    @property
    def operation_id(self) -> str:
        """The method's name as AWS writes names of actions."""
        return "".join(part.capitalize() for part in self.method.split("_"))


def creates(kind: type[PluginResource]) -> Callable[[_F], _F]:
    """The method makes a resource: POST to the kind's path, `p4vpc KIND create`."""
    return _marker(Verb.CREATE, kind, "create")


def modifies(kind: type[PluginResource]) -> Callable[[_F], _F]:
    """The method changes a resource: PATCH, `p4vpc KIND modify ID`."""
    return _marker(Verb.MODIFY, kind, "modify")


def deletes(kind: type[PluginResource]) -> Callable[[_F], _F]:
    """The method removes a resource: DELETE, `p4vpc KIND delete ID`."""
    return _marker(Verb.DELETE, kind, "delete")


def action(kind: type[PluginResource], word: str) -> Callable[[_F], _F]:
    """The method does something else with a resource: POST to its path and the word, `p4vpc KIND WORD ID`."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", word) or word in ("list", "describe", *Verb):
        raise OperationError(f"{word!r} cannot name an action: lower case letters, digits and hyphens, and not taken")
    return _marker(Verb.ACT, kind, word)


def operations(plugin: object) -> Iterator[Operation]:
    """The operations of a plugin, in the order of their names."""
    for name, function in inspect.getmembers(type(plugin), inspect.isfunction):
        mark = getattr(function, _MARK, None)
        if mark is not None:
            verb, kind, word = mark
            yield Operation(verb, kind, word, name, inspect.getdoc(function) or "", _request(function, verb))


def kebab(kind: type[PluginResource]) -> str:
    """What the command line calls a kind: `security-group` for SecurityGroup."""
    return kebab_of(kind.__name__)


def kebab_of(name: str) -> str:
    """A class's name as the command line writes it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def plural(kind: type[PluginResource]) -> str:
    """The last part of the kind's path in the API."""
    return kind.PLURAL or f"{kebab(kind)}s"


def _marker(verb: Verb, kind: type[PluginResource], word: str) -> Callable[[_F], _F]:
    def mark(function: _F) -> _F:
        setattr(function, _MARK, (verb, kind, word))
        return function

    return mark


def _request(function: Callable[..., Any], verb: Verb) -> type[BaseModel]:
    parameters = list(inspect.signature(function).parameters.values())
    positional = [one for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    expected = 2 if verb is Verb.CREATE else 3
    if len(positional) != expected:
        words = "self and tx" if verb is Verb.CREATE else "self, tx and the resource"
        raise OperationError(f"{function.__qualname__} takes {words}, and keyword parameters behind a *")
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for one in parameters[expected:]:
        if one.name not in hints:
            raise OperationError(f"{function.__qualname__}: the parameter {one.name} has no annotation")
        default = ... if one.default is inspect.Parameter.empty else one.default
        fields[one.name] = (_checked(hints[one.name]), default)
    name = "".join(part.capitalize() for part in function.__name__.split("_")) + "Request"
    config = ConfigDict(extra="forbid", frozen=True)
    return create_model(name, __config__=config, __doc__=inspect.getdoc(function), **fields)


def _checked(annotation: Any) -> Any:
    """The annotation with the API's checks: text of a bounded length, addresses that are text, bounded numbers."""
    if annotation in _CHECKED:
        return _CHECKED[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return Annotated[tuple[_checked(inner[0]), ...], Field(max_length=1000)]  # type: ignore[misc]
    if origin in (Union, types.UnionType) and type(None) in inner:
        rest = tuple(one for one in inner if one is not type(None))
        return _checked(Union[rest]) | None  # noqa: UP007
    return annotation
