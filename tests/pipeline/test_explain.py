"""Explanations in the lab: they say what then happens, and change nothing."""

from __future__ import annotations

from topologies.lab import Lab
from topologies.packets import udp

REQUEST = "10.0.1.6:4000 > 10.0.1.5:53"


def test_a_walk_names_the_switches_and_where_the_packet_arrives(lab: Lab) -> None:
    walk = lab.explain("client", udp(REQUEST))

    assert [hop.host for hop in walk.hops] == ["beta", "alpha"]
    assert [name for name, _ in walk.delivered] == ["web"]
    assert walk.dropped == ()


def test_a_walk_names_tables_with_what_was_looked_up(lab: Lab) -> None:
    steps = lab.explain("client", udp(REQUEST)).hops[0].steps

    (lookup,) = [step for step in steps if step.name == "route"]
    assert (lookup.hit, lookup.action) == (True, "local")
    assert dict(lookup.key)["destination"] == "10.0.1.5"


def test_a_drop_is_told_with_its_reason(lab: Lab) -> None:
    walk = lab.explain("client", udp("10.0.1.6:4000 > 192.0.2.1:53"))

    assert walk.dropped == (("beta", "NO_ROUTE"),)
    assert walk.delivered == ()


def test_the_delivered_packet_is_what_a_real_one_becomes(lab: Lab) -> None:
    walk = lab.explain("client", udp(REQUEST))
    sent = lab.send("client", udp(REQUEST))

    assert [data for _, data in walk.delivered] == sent.frames["web"]


def test_no_counter_moves(lab: Lab) -> None:
    before = lab.counters()

    lab.explain("client", udp(REQUEST))

    assert lab.counters() == before
