"""Routes for operators: hosts and the underlay, accounts and tokens."""

from __future__ import annotations

from typing import Any

from controller.actions import accounts as account_actions
from controller.actions import hosts as host_actions
from controller.api.gate import Once, Operator, TheGate
from controller.api.routes import (
    Limit,
    NextToken,
    describable,
    listable,
    listable_by_operator,
    router_for,
)
from controller.api.schemas import (
    VIEWS,
    Answer,
    CreateAccount,
    CreateHost,
    CreateToken,
    ModifyAccount,
    ModifyHost,
    NewToken,
    One,
    Page,
    QuotasRequest,
    SetUnderlayRoute,
    V4Network,
)
from controller.model import Account, PhysicalHost, Quotas, Token, UnderlayRoute
from controller.model.transaction import Transaction, find

AHost, AnAccount, ARoute = One[VIEWS[PhysicalHost]], One[VIEWS[Account]], One[VIEWS[UnderlayRoute]]

hosts = router_for("hosts", "Hosts (operators)")
accounts = router_for("accounts", "Accounts (operators)")
tokens = router_for("tokens", "Tokens (operators)")

listable_by_operator(hosts, PhysicalHost, "Hosts")
describable(hosts, PhysicalHost, "Hosts")
listable(accounts, Account, "Accounts")
describable(accounts, Account, "Accounts")
listable_by_operator(tokens, Token, "Tokens")


@hosts.post("", status_code=201, response_model=AHost, operation_id="CreateHost")
async def create_host(body: CreateHost, gate: TheGate, who: Operator, once: Once) -> Any:
    """Makes a physical host known."""
    return gate.create(once, who, body, lambda tx: _host(tx, body))


@hosts.patch("/{host_id}", response_model=AHost, operation_id="ModifyHost")
async def modify_host(host_id: str, body: ModifyHost, gate: TheGate, who: Operator) -> Any:
    """Says where a host's router is programmed."""
    act = host_actions.modify_host
    return gate.change(who, "ModifyHost", lambda tx: act(tx, host_id, switch=body.switch, device_id=body.device_id))


@hosts.delete("/{host_id}", response_model=Answer, operation_id="DeleteHost")
async def delete_host(host_id: str, gate: TheGate, who: Operator) -> Any:
    """Removes a host that nothing is on."""
    return gate.remove(who, "DeleteHost", lambda tx: host_actions.delete_host(tx, host_id))


@hosts.get("/{host_id}/underlay-routes", response_model=Page[VIEWS[UnderlayRoute]], operation_id="ListUnderlayRoutes")
async def list_underlay_routes(
    host_id: str, gate: TheGate, who: Operator, limit: Limit = 100, next_token: NextToken = None
) -> Any:
    """How a host reaches others."""
    host = find(gate.model, who, PhysicalHost, host_id)
    return gate.page(who, UnderlayRoute, {"host": host.id}, limit, next_token)


@hosts.put("/{host_id}/underlay-routes", response_model=ARoute, operation_id="SetUnderlayRoute")
async def set_underlay_route(host_id: str, body: SetUnderlayRoute, gate: TheGate, who: Operator) -> Any:
    """Says how a host reaches a range of underlay addresses."""
    return gate.change(
        who,
        "SetUnderlayRoute",
        lambda tx: host_actions.set_underlay_route(
            tx, host_id, body.destination, port=body.port, mac=body.mac, next_hop=body.next_hop
        ),
    )


@hosts.delete("/{host_id}/underlay-routes", response_model=Answer, operation_id="DeleteUnderlayRoute")
async def delete_underlay_route(host_id: str, destination: V4Network, gate: TheGate, who: Operator) -> Any:
    """Removes a host's route."""
    act = host_actions.delete_underlay_route
    return gate.remove(who, "DeleteUnderlayRoute", lambda tx: act(tx, host_id, destination))


@accounts.post("", status_code=201, response_model=AnAccount, operation_id="CreateAccount")
async def create_account(body: CreateAccount, gate: TheGate, who: Operator, once: Once) -> Any:
    """Makes an account."""
    act = account_actions.create_account
    return gate.create(once, who, body, lambda tx: act(tx, body.name, _quotas(body.quotas)))


@accounts.patch("/{account_id}", response_model=AnAccount, operation_id="ModifyAccount")
async def modify_account(account_id: str, body: ModifyAccount, gate: TheGate, who: Operator) -> Any:
    """Changes name or quotas."""
    quotas = None if body.quotas is None else _quotas(body.quotas)
    act = account_actions.modify_account
    return gate.change(who, "ModifyAccount", lambda tx: act(tx, account_id, name=body.name, quotas=quotas))


@accounts.delete("/{account_id}", response_model=Answer, operation_id="DeleteAccount")
async def delete_account(account_id: str, gate: TheGate, who: Operator) -> Any:
    """Removes an account that owns nothing, with its tokens."""
    return gate.remove(who, "DeleteAccount", lambda tx: account_actions.delete_account(tx, account_id))


@tokens.post("", status_code=201, response_model=NewToken, operation_id="CreateToken")
async def create_token(body: CreateToken, gate: TheGate, who: Operator) -> Any:
    """Makes a token; its secret is shown this once."""
    with gate.ledger.transaction(who, "CreateToken") as tx:
        token, secret = account_actions.create_token(tx, body.account_id, body.name)
    return gate.one(who, token) | {"secret": secret}


@tokens.delete("/{token_id}", response_model=Answer, operation_id="DeleteToken")
async def delete_token(token_id: str, gate: TheGate, who: Operator) -> Any:
    """Makes a token invalid at once."""
    return gate.remove(who, "DeleteToken", lambda tx: account_actions.delete_token(tx, token_id))


def _host(tx: Transaction, body: CreateHost) -> PhysicalHost:
    return host_actions.create_host(
        tx, body.name, body.address, switch=body.switch, device_id=body.device_id, program=body.program
    )


def _quotas(body: QuotasRequest) -> Quotas:
    return Quotas(**body.model_dump())
