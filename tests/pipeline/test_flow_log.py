"""Flow logs are exact: their sums are what taps on the wires saw, or SKIPDATA says that they are not."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP, fragment
from scapy.packet import Packet, Raw

from plugins.flow_log.query import query
from tests.pipeline.flow_log_lab import ADDRESSES, FOLDER, LoggedLab, Seen, Sums
from topologies.packets import built, ping, tcp, udp

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
        group = groups.revoke_security_group_rules(tx, group, rule_ids=tuple(rule.id for rule in group.egress))
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
    flow = _flow(pair, (ports[1], ports[0]) if back else ports)
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


def test_fragments_belong_to_their_flow(running: LoggedLab, tmp_path: Path) -> None:
    running.minute()
    running.plugin.folder = tmp_path
    whole = IP(src=ADDRESSES["near"], dst=ADDRESSES["app"], id=77) / UDP(sport=4100, dport=53) / Raw(bytes(2000))
    pieces = [built(piece) for piece in fragment(whole, 800)]
    for piece in pieces:
        running.lab.send("near", piece)
    running.lab.send("near", pieces[1])  # its datagram is complete
    running.minute()
    found = query(
        "SELECT flow_direction, srcport, action, sum(packets), sum(bytes) FROM flow_logs WHERE log_status = 'OK' "
        "GROUP BY ALL ORDER BY ALL",
        tmp_path,
    )

    octets = sum(map(len, pieces))
    assert [row[:4] for row in found.rows if row[2] == "ACCEPT"] == [
        ("egress", 4100, "ACCEPT", len(pieces)),
        ("ingress", 4100, "ACCEPT", len(pieces)),
    ]
    assert {row[4] for row in found.rows if row[2] == "ACCEPT"} == {octets}
    assert [row[:4] for row in found.rows if row[2] == "REJECT"] == [("egress", 0, "REJECT", 1)]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[LoggedLab]:
    """A lab whose routers have room for 16 rows."""
    folder = tmp_path / "flow_log"
    shutil.copytree(FOLDER / "flow_log", folder)
    source = (folder / "flow_log.p4").read_text()
    assert source.count("#define FLOW_LOG_BITS 15") == 1
    (folder / "flow_log.p4").write_text(source.replace("#define FLOW_LOG_BITS 15", "#define FLOW_LOG_BITS 2"))
    logged = LoggedLab(tmp_path / "logs", folder)
    yield logged
    logged.close()


def test_flows_without_room_are_skipdata_and_all_others_are_exact(small: LoggedLab) -> None:
    small.log(small.interface("app").vpc_id)
    for port in range(1, 41):
        small.send("near", udp(f"10.0.1.9:{port} > 10.0.1.6:53"))
    small.minute()
    full, written = statuses(small), logged_sums(small)
    missed = sum(sample.value for sample in small.plugin.metrics() if sample.name == "flow_log_missed_packets")
    small.plugin.folder = small.plugin.folder.parent / "after"
    small.send("near", udp("10.0.1.9:1 > 10.0.1.6:53"))
    small.minute()

    assert full["SKIPDATA"] == 2  # near and app; web had no packet that could be missing
    assert full["NODATA"] == 1
    assert written.items() <= small.tap.items() | written.items()
    assert all(small.tap[seen][0] >= counts[0] for seen, counts in written.items())
    assert len(written) == 80 - missed <= 32
    assert statuses(small) == {"OK": 2, "NODATA": 1}


def test_plugin_and_base_count_the_same(running: LoggedLab) -> None:
    running.minute()
    before = Counter(running.lab.counters())
    for port in range(5):
        running.send("app", udp(f"10.0.1.6:{port} > 10.0.1.9:53"))
    changed = Counter(running.lab.counters()) - before

    assert changed["beta.flow_log.leaving.interface.log"] == changed["alpha.flow_log.entering.interface.log"] == 5
    assert "alpha.flow_log.leaving.interface.log" not in changed
