"""Routes about the region as a whole: stacks (applied descriptions), mappings, history, status."""

from __future__ import annotations

import dataclasses
import heapq
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any

from fastapi import Path, Query

from controller.actions import region as region_actions
from controller.actions.stacks import apply_description
from controller.api.gate import Gate, Operator, TheGate, Who, decoded, encoded
from controller.api.region_schemas import ModifyRegion, Status
from controller.api.routes import Filter, Limit, NextToken, listable_by_operator, router_for
from controller.api.schemas import (
    VIEWS,
    AnyAddress,
    Applied,
    ApplyStack,
    HistoryEntry,
    Mapping_,
    One,
    Page,
)
from controller.errors import CodecError, RequestError
from controller.mapping.histogram import Histogram
from controller.model import Change, NetworkInterface, RegionSettings, Resource, Stack, Vpc
from controller.model.transaction import Caller, Transaction, find

StackName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

stacks = router_for("stacks", "Stacks (operators)")
settings = router_for("region", "Region (operators)")
mappings = router_for("mappings", "Mappings")
history = router_for("history", "History")
status = router_for("status", "Status")

listable_by_operator(stacks, Stack, "Stacks")


@stacks.put("/{name}", response_model=Applied, operation_id="ApplyStack")
async def apply_stack(
    name: StackName,
    body: ApplyStack,
    gate: TheGate,
    who: Operator,
    dry_run: Annotated[bool, Query(description="only say what would change")] = False,
) -> Any:
    """Makes the region hold exactly what a description brings; all of it or nothing."""
    resources = [_decoded(gate, index, document) for index, document in enumerate(body.resources)]
    if dry_run:
        with gate.ledger.rehearsal(who) as tx:
            apply_description(tx, name, resources)
            changes = _told(gate, tx)
    else:
        with gate.ledger.transaction(who, "ApplyStack") as tx:
            apply_description(tx, name, resources)
            changes = _told(gate, tx)
    return {"revision": gate.ledger.revision, "dry_run": dry_run, "changes": changes}


@stacks.delete("/{name}", response_model=Applied, operation_id="DeleteStack")
async def delete_stack(name: StackName, gate: TheGate, who: Operator) -> Any:
    """Removes everything that a description brought."""
    with gate.ledger.transaction(who, "DeleteStack") as tx:
        tx.get(Stack, name)
        tx.delete(apply_description(tx, name, []))
        changes = _told(gate, tx)
    return {"revision": gate.ledger.revision, "dry_run": False, "changes": changes}


@settings.get("", response_model=One[VIEWS[RegionSettings]], operation_id="DescribeRegion")
async def describe_region(gate: TheGate, who: Operator) -> Any:
    """How routers learn who hosts what."""
    return gate.one(who, gate.model.settings)


@settings.patch("", response_model=One[VIEWS[RegionSettings]], operation_id="ModifyRegion")
async def modify_region(body: ModifyRegion, gate: TheGate, who: Operator) -> Any:
    """Changes how routers learn who hosts what."""
    return gate.change(
        who,
        "ModifyRegion",
        lambda tx: region_actions.modify_region(
            tx,
            mapping_policy=body.mapping_policy,
            mapping_service=body.mapping_service,
            gateway_host_id=body.gateway_host_id,
        ),
    )


@mappings.get("", response_model=Page[Mapping_], operation_id="ListMappings")
async def list_mappings(
    gate: TheGate,
    who: Who,
    vpc_id: Annotated[str, Query(max_length=255)],
    address: AnyAddress | None = None,
    limit: Limit = 100,
    next_token: NextToken = None,
) -> Any:
    """Where the addresses of a VPC are; `limit` counts network interfaces."""
    vpc = find(gate.model, who, Vpc, vpc_id, "vpc_id")
    after = "" if next_token is None else decoded(next_token)
    if address is None:
        found = (eni for eni in gate.model.interfaces_by_vpc.get(vpc.id, ()) if eni.id > after)
    else:
        at = gate.model.interface_at(vpc.id, address)
        found = () if at is None or not at.host_id else (at,)
    page = heapq.nsmallest(limit + 1, found, key=lambda eni: eni.id)
    return {
        "revision": gate.ledger.revision,
        "items": [
            _mapping(gate, who, eni, each) for eni in page[:limit] for each in eni.addresses if address in (None, each)
        ],
        "next_token": encoded(page[limit - 1].id) if len(page) > limit else None,
    }


@history.get("", response_model=Page[HistoryEntry], operation_id="ListHistory")
async def list_history(
    gate: TheGate, who: Who, resource_id: Filter = None, limit: Limit = 100, next_token: NextToken = None
) -> Any:
    """Who changed what and when, newest first."""
    found = gate.ledger.store.history(
        account_id=None if who.is_operator else who.account_id,
        resource_id=resource_id,
        before=None if next_token is None else _position(next_token),
        limit=limit + 1,
    )
    items = [
        {
            "revision": past.revision,
            "time": past.time,
            "who": past.who,
            "action": past.action,
            "kind": past.kind,
            "id": past.id,
            "account_id": past.account_id,
            "before": None if past.before is None else gate.document(who, past.before),
            "after": None if past.after is None else gate.document(who, past.after),
        }
        for _, past in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    token = None if last is None else encoded(f"{last[1].revision}.{last[0]}")
    return {"revision": gate.ledger.revision, "items": items, "next_token": token}


@status.get("", response_model=Status, operation_id="DescribeStatus")
async def describe_status(gate: TheGate, who: Who) -> Any:
    """The revision, how far the switches are, and how many resources of each kind the caller has."""
    return {
        "revision": gate.ledger.revision,
        "applied_revision": min(gate.ledger.applied_revision, gate.ledger.revision),
        "resources": gate.counts(who),
        "switches": [dataclasses.asdict(switch) for switch in gate.switches()] if who.is_operator else [],
        "latencies": {name: _latency(found) for name, found in gate.latencies().items()} if who.is_operator else {},
    }


def _latency(found: Histogram) -> dict[str, float]:
    times = {"p50": found.percentile(50), "p99": found.percentile(99), "largest": found.largest}
    return {"count": found.total, **{name: round(seconds * 1000, 3) for name, seconds in times.items()}}


def _decoded(gate: Gate, index: int, document: dict[str, Any]) -> Resource:
    kind = document.get("kind")
    try:
        fields = {name: value for name, value in document.items() if name != "kind"}
        return gate.codec.decode(kind if isinstance(kind, str) else "", fields)
    except CodecError as error:
        raise RequestError("InvalidParameterValue", str(error), f"resources[{index}]") from None


def _told(gate: Gate, tx: Transaction) -> list[dict[str, Any]]:
    return [_change(gate, change) for change in tx.changes() if not isinstance(change.subject, Stack)]


def _change(gate: Gate, change: Change) -> dict[str, Any]:
    words = "create" if change.before is None else "delete" if change.after is None else "modify"
    subject = change.subject
    return {
        "change": words,
        "kind": type(subject).__name__,
        "id": subject.id,
        "name": getattr(subject, "name", ""),
        "before": None if change.before is None else gate.codec.encode(change.before),
        "after": None if change.after is None else gate.codec.encode(change.after),
    }


def _mapping(gate: Gate, who: Caller, eni: NetworkInterface, address: IPv4Address | IPv6Address) -> dict[str, object]:
    return {
        "vpc_id": eni.vpc_id,
        "address": address,
        "network_interface_id": eni.id,
        "host_id": eni.host_id if who.is_operator else None,
        "host_address": gate.model.hosts[eni.host_id].address if who.is_operator else None,
    }


def _position(next_token: str) -> tuple[int, int]:
    revision, _, position = decoded(next_token).partition(".")
    if not (revision.isdecimal() and position.isdecimal() and len(revision) < 18 and len(position) < 18):
        raise RequestError("InvalidNextToken", "It is not a token of an earlier answer", "next_token")
    return int(revision), int(position)
