"""The API without a network: a client of the application over a ledger in a temporary folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from controller.actions.accounts import create_account, create_token
from controller.actions.hosts import create_host
from controller.api.app import routed_app
from controller.api.gate import Gate
from controller.model.transaction import OPERATOR
from controller.store import Ledger, Store


@cache
def application() -> FastAPI:
    """One application for all tests: building its routes and description takes longer than most tests."""
    return routed_app()


class Api:
    """An operator, two accounts with a token each, one host; and the client."""

    def __init__(self, path: Path) -> None:
        self.ledger = Ledger(Store(path))
        self.app = application()
        self.app.state.gate = Gate(self.ledger)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        with self.ledger.transaction(OPERATOR, "Start") as tx:
            self.operator = create_token(tx, None)[1]
            self.accounts = [create_account(tx, name).id for name in ("blue", "red")]
            self.blue, self.red = (create_token(tx, account_id)[1] for account_id in self.accounts)
            self.host = create_host(tx, "alpha", IPv4Address("172.31.0.1")).id

    def call(
        self,
        verb: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and document of an answer; without a token the first account asks."""
        given = {"Authorization": f"Bearer {self.blue if token is None else token}", **(headers or {})}
        answer = self.client.request(verb, f"/v1/{path}", json=body, headers=given)
        return answer.status_code, answer.json()

    def made(self, path: str, body: object, *, token: str | None = None) -> Any:
        """The resource that a POST made."""
        status, document = self.call("POST", path, body, token=token)
        assert status in (200, 201), document
        return document["resource"]
