"""The plans of edges, and of routers about edges: by parts as at once, and what the loss of an edge changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from controller.model import GatewayAttachment, LiveModel, Model
from controller.model.ids import stable_id
from controller.p4rt import Entry, Schema
from controller.plan.desired import packed, unpacked
from controller.plan.edge_parts import ALL_PARTS
from controller.plan.edges import edges_of
from controller.plan.mapping import MappingPlan, Move, Phase
from controller.plan.nodes import node_entries
from controller.plan.parts import Facts
from controller.plan.planner import Planner
from controller.plan.plugin_part import seen_from
from controller.plan.tracking import Reads, TrackedMapping, TrackedModel, touched_by_moves
from topologies import programs
from topologies.region import Region, load_region

EDGES = (IPv4Address("172.31.0.101"), IPv4Address("172.31.0.102"))


@pytest.fixture(scope="module")
def schemas() -> dict[str, Schema]:
    return {name: Schema(programs.compiled(name).p4info) for name in ("vrouter", "blackfoot")}


@pytest.fixture
def region() -> Region:
    """The region `internet`, with a gateway attached to the VPC red, without the plugin's routes."""
    region = load_region("internet")
    red = stable_id("vpc", "red")
    attachment = GatewayAttachment("igw-00000000000000001", 1, red, region.model.vpcs[red].account_id)
    return replace(region, model=LiveModel([*region.model.resources(), attachment]))


def planned(entries: Sequence[Entry], schema: Schema) -> dict[bytes, bytes]:
    """The entries as the planner keeps them."""
    return dict(packed(schema.encode(entry)) for entry in entries)


def planner_of(model: Model, schemas: dict[str, Schema], mapping: MappingPlan) -> Planner:
    """A planner with all nodes of the region."""
    planner = Planner(model, schemas, ALL_PARTS, Facts(mapping))
    for host_id in model.hosts:
        planner.add(host_id)
    return planner


@pytest.mark.parametrize("host", ["alpha", "beta", "edge-a", "edge-b"])
def test_the_parts_make_the_whole(region: Region, schemas: dict[str, Schema], host: str) -> None:
    mapping = MappingPlan("preload")
    planner = planner_of(region.model, schemas, mapping)
    node = region.host(host)

    whole = planned(list(node_entries(region.model, node, mapping)), schemas[node.program])

    assert planner.plans[node.id].entries == whole


def test_the_loss_of_an_edge_gives_its_ways_to_the_other(region: Region, schemas: dict[str, Schema]) -> None:
    planner = planner_of(region.model, schemas, MappingPlan("preload"))
    lost = frozenset({region.host("edge-a").id})
    alpha = region.host("alpha")

    changed = planner.update((), Facts(MappingPlan("preload", lost=lost)))

    tables = {unpacked(key, b"").table_id for key in changed[alpha.id]}
    known = {table.preamble.name: table.preamble.id for table in programs.compiled("vrouter").p4info.tables}
    assert tables == {known["next_hop"]}
    assert 16 < len(changed[alpha.id]) < 48
    assert region.host("edge-b").id not in changed


def test_when_no_edge_answers_nothing_moves(region: Region) -> None:
    every = frozenset(region.host(name).id for name in ("edge-a", "edge-b"))
    found = [
        edges_of(region.model, "internet", MappingPlan(lost=lost))
        for lost in (frozenset(), frozenset({region.host("edge-a").id}), every)
    ]

    assert found == [list(EDGES), [EDGES[1]], list(EDGES)]


@pytest.mark.parametrize(("phase", "place"), [("prepare", "alpha"), ("switched", "alpha"), ("announced", "beta")])
def test_edges_send_to_where_an_interface_was_until_its_move_is_announced(
    region: Region, phase: Phase, place: str
) -> None:
    alpha, beta = region.host("alpha"), region.host("beta")
    eni = region.model.interface_of(region.model.instance("web"))
    moved = Model([*region.model.resources(), replace(eni, host_id=beta.id, port=99)])
    mapping = MappingPlan("preload", moves=(Move(eni.id, alpha.id, phase=phase),))

    seen = seen_from(moved, mapping, region.host("edge-a")).place_of(moved.network_interfaces[eni.id])

    assert seen == region.host(place).address


def test_what_an_edge_sends_is_planned_anew_with_the_phases_of_a_move(region: Region) -> None:
    reads = Reads()
    mapping = MappingPlan("preload")
    model, tracked = TrackedModel(region.model, reads), TrackedMapping(mapping, reads)
    eni = region.model.interface_of(region.model.instance("web"))

    seen_from(model, tracked, region.host("edge-a")).place_of(eni)

    noted = set(reads.take())
    begun = replace(mapping, moves=(Move(eni.id, region.host("beta").id, phase="prepare"),))
    assert noted & set(touched_by_moves(mapping, begun)) == {("move", eni.id)}


def test_instances_are_not_placed_on_edges(region: Region) -> None:
    found = region.model.least_loaded_host()

    assert found is not None
    assert found.program == "vrouter"
