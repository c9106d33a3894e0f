"""The model: changes, questions, and the codec."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from controller.errors import CodecError, RequestError, StaleChange
from controller.loader.installed import Plugins
from controller.model import Change, LiveModel, Model, NetworkInterface, PhysicalHost, Vpc
from controller.model.codec import Codec
from topologies.region import load_region


@pytest.fixture
def live() -> LiveModel:
    return LiveModel(load_region("two_tenants").model.resources())


def test_the_model_answers_what_planning_asks(live: LiveModel) -> None:
    for eni in live.network_interfaces.values():
        host = live.hosts[eni.host_id]
        assert eni in live.interfaces_on(host)
        assert eni in live.interfaces_by_vpc[eni.vpc_id]
        assert live.vpcs[eni.vpc_id] in live.vpcs_on(host)
        assert live.route_table_of(eni).vpc_id == eni.vpc_id
        assert all(live.interface_at(eni.vpc_id, address) == eni for address in eni.addresses)


def test_a_change_moves_every_index(live: LiveModel) -> None:
    eni = next(iter(live.network_interfaces.values()))
    new_host = next(host for host in live.hosts.values() if host.id != eni.host_id)
    moved = replace(eni, host_id=new_host.id, port=99, addresses=(IPv4Address("10.0.1.77"),))

    live.apply([Change(eni, moved)])

    assert moved in live.interfaces_on(new_host)
    assert eni not in live.interfaces_by_host.get(eni.host_id, ())
    assert live.interface_at(eni.vpc_id, eni.addresses[0]) is None
    assert live.interface_at(eni.vpc_id, IPv4Address("10.0.1.77")) == moved
    assert live == Model(live.resources())


def test_a_change_taken_back_leaves_nothing(live: LiveModel) -> None:
    before = Model(live.resources())
    vpc = next(iter(live.vpcs.values()))
    change = Change(vpc, None)

    live.apply([change])
    assert live != before
    live.apply([change.undone()])

    assert live == before


def test_a_change_of_what_is_no_longer_so_changes_nothing(live: LiveModel) -> None:
    vpc = next(iter(live.vpcs.values()))
    host = PhysicalHost("host-new", "new", IPv4Address("172.31.9.9"))

    with pytest.raises(StaleChange):
        live.apply([Change(None, host), Change(replace(vpc, name="other"), None)])

    assert "host-new" not in live.hosts


def test_an_interface_that_is_not_plugged_in_is_not_planned(live: LiveModel) -> None:
    eni = next(iter(live.network_interfaces.values()))
    live.apply([Change(eni, replace(eni, host_id="", port=0))])

    assert eni.id not in {other.id for other in live.interfaces_by_vpc.get(eni.vpc_id, ())}
    assert live.count(NetworkInterface, "vpc", eni.vpc_id) == 1 + len(live.interfaces_by_vpc[eni.vpc_id])


def test_an_unknown_instance_is_named() -> None:
    with pytest.raises(RequestError, match=r"InvalidInstanceID\.NotFound"):
        Model().instance("nobody")


def test_every_resource_survives_the_codec(live: LiveModel) -> None:
    codec = Codec()
    for resource in live.resources():
        assert codec.decode(type(resource).__name__, codec.encode(resource)) == resource


def test_documents_of_plugins_give_the_same_resources_back() -> None:
    resources = list(load_region("firewall").model.resources())
    codec = Codec(Plugins.installed().kinds)

    for resource in resources:
        assert codec.decode(type(resource).__name__, codec.encode(resource)) == resource
    assert "fd00:10::/56" in str([codec.encode(resource) for resource in resources if resource.id.startswith("sg-")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cidr_blocks": ["10.0.0.0/16", "10.0.0.0/99"]}, r"Vpc\.cidr_blocks\[1\]: '10.0.0.0/99' does not"),
        ({"cidr_blocks": "10.0.0.0/16"}, r"Vpc\.cidr_blocks: .* is not a list"),
        ({"number": True}, r"Vpc\.number: True is not of type int"),
        ({"colour": "blue"}, r"Vpc\.colour is no field"),
        ({"name": None}, r"Vpc\.name: None is not of type str"),
    ],
)
def test_a_bad_document_is_refused_with_its_place(live: LiveModel, change: dict[str, object], message: str) -> None:
    codec = Codec()
    document = codec.encode(next(iter(live.vpcs.values())))

    with pytest.raises(CodecError, match=message):
        codec.decode("Vpc", document | change)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(CodecError, match=r"Vpc\.id is missing|Vpc\.cidr_blocks is missing"):
        Codec().decode("Vpc", {"name": "x"})
    with pytest.raises(CodecError, match="'Vcp' is no kind"):
        Codec().decode("Vcp", {})


def test_equal_numbers_make_equal_models_and_others_do_not() -> None:
    model = load_region("two_hosts").model
    vpc = next(iter(model.vpcs.values()))

    assert Model([*model.resources(), replace(vpc, number=7)]) != model
    assert isinstance(vpc, Vpc)
