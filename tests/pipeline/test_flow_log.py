"""Flow logs are exact: their sums are what taps on the wires saw, or SKIPDATA says that they are not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.packet import Packet

from plugins.flow_log.query import query
from tests.pipeline.flow_log_lab import ADDRESSES, LoggedLab, Seen, Sums
from topologies.packets import ping, tcp, udp

NAMES = sorted(ADDRESSES)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedLab]:
    """Web takes nothing but TCP port 80, and sends no pings; the others take what members of their group send."""
    logged = LoggedLab(tmp_path_factory.mktemp("logs"))
    groups = logged.lab.plugin("security_group")
    web = logged.interface("web")
    membership = logged.lab.region.model.table(groups.resources[2])[web.id]
    with logged.lab.transaction() as tx:
        group = groups.create_security_group(tx, vpc_id=web.vpc_id, name="http")
        group = groups.authorize_security_group_ingress(
            tx, group, protocol="tcp", from_port=80, to_port=80, cidr=ip_network("10.0.0.0/16")
        )
        group = groups.revoke_security_group_egress(tx, group, rule_id=group.egress[0].id)
        for protocol in ("tcp", "udp"):
            group = groups.authorize_security_group_egress(
                tx, group, protocol=protocol, from_port=0, to_port=65535, cidr=ip_network("10.0.0.0/16")
            )
        groups.modify_network_interface_groups(tx, membership, group_ids=(group.id,))
    logged.log(web.vpc_id)
    yield logged
    logged.close()


def packets() -> st.SearchStrategy[tuple[str, Packet]]:
    """Who sends what to whom: datagrams, pings, and TCP segments in any order."""
    pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
    ports = st.tuples(st.integers(4000, 4003), st.sampled_from([53, 80, 23]))
    payload = st.binary(max_size=40)
    flags = st.sampled_from(["S", "SA", "A", "PA", "FA", "R", "FPA", "SEC"])
    return st.one_of(
        st.builds(_udp, pairs, ports, payload),
        st.builds(_tcp, pairs, ports, flags, payload, st.booleans()),
        st.builds(lambda pair: (pair[0], ping(f"{ADDRESSES[pair[0]]} > {ADDRESSES[pair[1]]}")), pairs),
    )


def _udp(pair: tuple[str, str], ports: tuple[int, int], payload: bytes) -> tuple[str, Packet]:
    return pair[0], udp(_flow(pair, ports), payload)


def _tcp(pair: tuple[str, str], ports: tuple[int, int], flags: str, payload: bytes, back: bool) -> tuple[str, Packet]:
    flow = _flow(pair, ports[::-1] if back else ports)
    return pair[0], tcp(flow, flags, payload, seq=1000, ack=1001 if "A" in flags else 0)


def _flow(pair: tuple[str, str], ports: tuple[int, int]) -> str:
    return f"{ADDRESSES[pair[0]]}:{ports[0]} > {ADDRESSES[pair[1]]}:{ports[1]}"


def logged_sums(logged: LoggedLab) -> Sums:
    """What the records say, as a tap would."""
    sql = """
        SELECT interface_id, flow_direction, action, pkt_srcaddr, pkt_dstaddr, protocol, srcport, dstport,
               sum(packets)::BIGINT, sum(bytes)::BIGINT, bit_or(tcp_flags)
        FROM flow_logs WHERE log_status = 'OK' GROUP BY ALL
    """
    names = {logged.interface(name).id: name for name in NAMES}
    return {
        Seen(names[row[0]], row[1], row[2], tuple(row[3:8])): tuple(row[8:])
        for row in query(sql, logged.plugin.folder).rows
    }


def statuses(logged: LoggedLab) -> Mapping[str, int]:
    """How many records have which status."""
    return dict(query("SELECT log_status, count(*) FROM flow_logs GROUP BY 1", logged.plugin.folder).rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(packets(), max_size=30), min_size=1, max_size=3))
def test_sums_of_flows_are_what_taps_saw(running: LoggedLab, minutes: list[list[tuple[str, Packet]]]) -> None:
    running.minute()
    running.tap = {}
    with tempfile.TemporaryDirectory() as folder:
        running.plugin.folder = Path(folder)
        for minute in minutes:
            for sender, packet in minute:
                running.send(sender, packet)
            running.minute()
        found = logged_sums(running)

    assert found == running.tap
