"""Between HTTP and the ledger: who asks, what they may see, changes that are asked for twice, pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from controller.actions.accounts import digest
from controller.api.schemas import OPERATORS_ONLY, SECRET, hidden
from controller.errors import RequestError
from controller.flow_tables import FlowTables
from controller.mapping.histogram import Histogram
from controller.model import (
    Account,
    Instance,
    Model,
    NetworkInterface,
    PhysicalHost,
    Resource,
    RouteTable,
    Subnet,
    Token,
    Vpc,
)
from controller.model.observations import SwitchState
from controller.model.transaction import Caller, Transaction, find
from controller.observatory import Observatory
from controller.plan.targets import route_state
from controller.store import Ledger
from controller.store import Request as Repeatable

_R = TypeVar("_R", bound=Resource)

ATTRIBUTES: Mapping[str, str] = {
    "vpc": "vpc_id",
    "subnet": "subnet_id",
    "instance": "instance_id",
    "host": "host_id",
    "account": "account_id",
    "name": "name",
}


class Gate:
    """What every route works with."""

    def __init__(self, ledger: Ledger, switches: Callable[[], Sequence[SwitchState]] = lambda: ()) -> None:
        self.ledger = ledger
        self.codec = ledger.store.codec
        self.switches = switches
        self.plugged: Callable[[str], None] = lambda eni_id: None
        self.latencies: Callable[[], Mapping[str, Histogram]] = dict
        self.observatory: Observatory | None = None
        self.flow_tables: FlowTables | None = None
        self.plugin_names: Callable[[], Iterable[str]] = tuple

    @property
    def model(self) -> Model:
        """The region."""
        return self.ledger.model

    def caller(self, secret: str | None) -> Caller:
        """Whose token this is; RequestError AuthFailure when it is nobody's."""
        tokens = self.model.group(Token, "digest", digest(secret)) if secret else ()
        if not tokens:
            raise RequestError("AuthFailure", "A valid bearer token is needed")
        token = tokens[0]
        if not token.account_id:
            return Caller(token.name or "operator")
        account = self.model.table(Account).get(token.account_id)
        return Caller(account.name if account and account.name else token.account_id, token.account_id)

    def view(self, caller: Caller, resource: Resource) -> dict[str, Any]:
        """The resource as the caller sees it."""
        document = self.document(caller, self.codec.encode(resource))
        if isinstance(resource, RouteTable):
            for route, written in zip(resource.routes, document["routes"], strict=True):
                written["state"] = route_state(self.model, resource, route)
        document["state"] = "available" if self.ledger.is_available(resource) else "pending"
        document["changed_in_revision"] = self.ledger.revision_of(resource)
        return document

    def document(self, caller: Caller, document: dict[str, Any]) -> dict[str, Any]:
        """A document without what the caller must not see."""
        document = {name: value for name, value in document.items() if name not in SECRET}
        return document if caller.is_operator else hidden(document, OPERATORS_ONLY)

    def one(self, caller: Caller, resource: Resource) -> dict[str, Any]:
        """The answer with one resource."""
        return {"revision": self.ledger.revision, "resource": self.view(caller, resource)}

    def describe(self, caller: Caller, kind: type[Resource], resource_id: str) -> dict[str, Any]:
        """The answer with one resource, by its id."""
        return self.one(caller, find(self.model, caller, kind, resource_id))

    def page(
        self, caller: Caller, kind: type[Any], filters: Mapping[str, str | None], limit: int, next_token: str | None
    ) -> dict[str, Any]:
        """The resources of a kind that the caller sees and that fit all filters, by id."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        after = "" if next_token is None else decoded(next_token)
        fitting = (
            resource
            for resource in self._candidates(caller, kind, wanted)
            if resource.id > after
            and caller.may_see(resource)
            and all(_fits(getattr(resource, ATTRIBUTES.get(name, name)), value) for name, value in wanted.items())
        )
        found = heapq.nsmallest(limit + 1, fitting, key=lambda resource: resource.id)
        return {
            "revision": self.ledger.revision,
            "items": [self.view(caller, resource) for resource in found[:limit]],
            "next_token": encoded(found[limit - 1].id) if len(found) > limit else None,
        }

    def counts(self, caller: Caller) -> dict[str, int]:
        """How many resources of each kind the caller has."""
        kinds = (Vpc, Subnet, RouteTable, NetworkInterface, Instance)
        if caller.is_operator:
            return {kind.__name__: len(self.model.table(kind)) for kind in (Account, PhysicalHost, *kinds)}
        return {kind.__name__: self.model.count(kind, "account", caller.account_id) for kind in kinds}

    def _candidates(self, caller: Caller, kind: type[Any], wanted: Mapping[str, str]) -> Iterable[Any]:
        for name, value in wanted.items():
            return self.model.group(kind, name, value)
        if caller.is_operator or kind is Account:
            return self.model.table(kind).values()
        return self.model.group(kind, "account", caller.account_id)

    def create(
        self, repeat: Repeat, caller: Caller, body: BaseModel, act: Callable[[Transaction], _R]
    ) -> dict[str, Any]:
        """Does an action that makes a resource; asked again with the same client token, answers without doing it."""
        asked = repeat.request(caller, body)
        known = None if asked is None else self.ledger.store.request(asked.account_id, asked.token)
        if asked is not None and known is not None:
            if known.digest != asked.digest:
                text = "The client token was used before, with other parameters"
                raise RequestError("IdempotentParameterMismatch", text, "Client-Token")
            return self._again(caller, json.loads(known.answer))
        made: list[Resource] = []

        def answered() -> Repeatable | None:
            if asked is None:
                return None
            kind = type(made[0]).__name__
            answer = json.dumps({"kind": kind, "id": made[0].id, "document": self.codec.encode(made[0])})
            return Repeatable(asked.account_id, asked.token, asked.digest, answer)

        with self.ledger.transaction(caller, repeat.action, answered) as tx:
            made.append(act(tx))
        return self.one(caller, made[0])

    def change(self, caller: Caller, action: str, act: Callable[[Transaction], Resource]) -> dict[str, Any]:
        """Does an action that changes a resource."""
        with self.ledger.transaction(caller, action) as tx:
            resource = act(tx)
        return self.one(caller, resource)

    def remove(self, caller: Caller, action: str, act: Callable[[Transaction], None]) -> dict[str, Any]:
        """Does an action that removes a resource."""
        with self.ledger.transaction(caller, action) as tx:
            act(tx)
        return {"revision": self.ledger.revision}

    def _again(self, caller: Caller, answer: dict[str, Any]) -> dict[str, Any]:
        made = self.codec.decode(answer["kind"], answer["document"])
        now = self.model.get(type(made), answer["id"])
        if now is not None:
            return self.one(caller, now)
        gone = self.document(caller, answer["document"]) | {"state": "available", "changed_in_revision": 0}
        for route in gone.get("routes", ()):
            route["state"] = "active" if route["target"] == "local" else "blackhole"
        return {"revision": self.ledger.revision, "resource": gone}


class Repeat:
    """How a request is recognised when it comes again: by its client token; `action` is its operation."""

    def __init__(self, request: Request, client_token: str | None) -> None:
        self._path = f"{request.method} {request.url.path}"
        self._token = client_token
        self.action = request.scope["route"].operation_id

    def request(self, caller: Caller, body: BaseModel) -> Repeatable | None:
        """What the store keeps of it, or None when it has no client token."""
        if self._token is None:
            return None
        content = f"{self._path}\n{body.model_dump_json()}"
        return Repeatable(caller.account_id, self._token, hashlib.sha256(content.encode()).hexdigest())


def _fits(value: Any, wanted: str) -> bool:
    return wanted in value if isinstance(value, tuple) else value == wanted


def encoded(position: str) -> str:
    """A page's position as a token that means nothing to the caller."""
    return base64.urlsafe_b64encode(position.encode()).decode()


def decoded(next_token: str) -> str:
    """The position behind a token; RequestError InvalidNextToken when there is none."""
    try:
        return base64.b64decode(next_token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise RequestError("InvalidNextToken", "It is not a token of an earlier answer", "next_token") from None


_bearer = HTTPBearer(auto_error=False, description="A token that an operator made for the account.")


def _gate(request: Request) -> Gate:
    return request.app.state.gate


TheGate = Annotated[Gate, Depends(_gate)]


def _caller(gate: TheGate, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Caller:
    return gate.caller(None if credentials is None else credentials.credentials)


def _operator(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if not caller.is_operator:
        raise RequestError("UnauthorizedOperation", "Only an operator may do this")
    return caller


def _repeat(
    request: Request,
    client_token: Annotated[
        str | None,
        Header(pattern=r"^[\x21-\x7e]{1,64}$", description="makes it safe to repeat the request: it is done once"),
    ] = None,
) -> Repeat:
    return Repeat(request, client_token)


def known_query(request: Request) -> None:
    """Refuses query parameters that the route does not have: a mistyped filter must not list everything."""
    route = request.scope["route"]
    operation = request.app.openapi()["paths"][route.path][request.method.lower()]
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known or name in seen:
            text = "It is given twice" if name in known else "There is no such parameter"
            raise RequestError("InvalidParameterValue" if name in known else "UnknownParameter", text, name)
        seen.add(name)


Who = Annotated[Caller, Depends(_caller)]
Operator = Annotated[Caller, Depends(_operator)]
Once = Annotated[Repeat, Depends(_repeat)]
