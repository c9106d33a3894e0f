"""An entry as text."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

from controller.p4rt import Entry


def test_ipv4_inside_ipv6_is_shown_with_dots() -> None:
    match = {"address": IPv6Address("::ffff:10.0.1.5"), "destination": IPv6Network("::ffff:10.0.0.0/112")}

    text = str(Entry("route", match, "to_host", host=IPv6Address("fd00::1")))

    assert text == "route[address=::ffff:10.0.1.5, destination=::ffff:10.0.0.0/112] -> to_host(host=fd00::1)"
