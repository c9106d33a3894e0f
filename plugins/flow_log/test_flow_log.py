"""Flow logs in the lab: what is counted at which interface, and what a record says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import RequestError
from plugins.flow_log.query import QueryError, query
from tests.pipeline.flow_log_lab import MIDNIGHT, LoggedLab
from topologies.packets import ping, tcp, udp

TO_APP = udp("10.0.1.5:4000 > 10.0.1.6:53")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedLab]:
    logged = LoggedLab(tmp_path_factory.mktemp("logs"))
    yield logged
    logged.close()


@pytest.fixture
def logged(running: LoggedLab, tmp_path: Path) -> Iterator[LoggedLab]:
    running.minute()
    running.plugin.folder = tmp_path
    yield running
    with running.lab.transaction() as tx:
        for log in list(tx.model.table(running.plugin.resources[0]).values()):
            running.plugin.delete_flow_logs(tx, log)


def lines(logged: LoggedLab) -> list[str]:
    """What was written."""
    texts = sorted(logged.plugin.folder.rglob("*.log"))
    return [line for path in texts for line in path.read_text().splitlines()[1:]]


def test_a_record_has_awss_default_format(logged: LoggedLab) -> None:
    eni = logged.interface("web").id
    logged.log(eni)
    begin = MIDNIGHT + int(logged.lab.now)
    logged.send("web", TO_APP)
    logged.lab.advance(7)
    logged.send("web", TO_APP)
    logged.minute()

    assert lines(logged) == [
        f"2 000000000001 {eni} 10.0.1.5 10.0.1.6 4000 53 17 2 70 {begin} {begin + 7} ACCEPT OK",
    ]


def test_an_interface_without_traffic_has_nodata(logged: LoggedLab) -> None:
    eni = logged.interface("near").id
    logged.log(eni)
    logged.send("web", TO_APP)
    end = int(logged.minute())

    assert lines(logged) == [f"2 000000000001 {eni} - - - - - - - {end - 60} {end} - NODATA"]


def test_a_packet_is_logged_at_both_of_its_interfaces(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").subnet_id, log_format="${interface-id} ${flow-direction} ${srcport}")
    logged.send("near", udp("10.0.1.9:4001 > 10.0.1.5:53"))
    logged.minute()

    web, near, app = (logged.interface(name).id for name in ("web", "near", "app"))
    assert sorted(lines(logged)) == sorted([f"{web} ingress 4001", f"{near} egress 4001", f"{app} - -"])


def test_what_a_security_group_refuses_was_accepted_where_it_left(logged: LoggedLab) -> None:
    groups = logged.lab.plugin("security_group")
    web = logged.interface("web")
    model = logged.lab.region.model
    membership = model.table(groups.resources[2])[web.id]
    with logged.lab.transaction() as tx:
        lonely = groups.create_security_group(tx, vpc_id=web.vpc_id, name="lonely")
        groups.modify_network_interface_groups(tx, membership, group_ids=(lonely.id,))
    logged.log(web.vpc_id, log_format="${interface-id} ${action} ${flow-direction} ${traffic-path} ${log-status}")
    refused = logged.send("app", udp("10.0.1.6:4002 > 10.0.1.5:80"))
    logged.minute()
    with logged.lab.transaction() as tx:
        groups.modify_network_interface_groups(tx, tx.get(type(membership), web.id), group_ids=membership.group_ids)
        groups.delete_security_group(tx, tx.get(type(lonely), lonely.id))

    app, near = logged.interface("app").id, logged.interface("near").id
    assert refused.dropped() == {"SECURITY_GROUP": 1}
    assert sorted(lines(logged)) == sorted(
        [f"{app} ACCEPT egress 1 OK", f"{web.id} REJECT ingress - OK", f"{near} - - - NODATA"]
    )


def test_a_log_of_rejects_has_no_accepts(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").id, traffic_type="REJECT", log_format="${srcport} ${action} ${log-status}")
    logged.send("web", TO_APP)
    stray = logged.send("web", tcp("10.0.1.5:4003 > 10.0.1.6:80", "PA", b"stray"))
    logged.minute()

    assert stray.dropped() == {"INVALID_FLOW": 1}
    assert lines(logged) == ["4003 REJECT OK"]


def test_a_log_of_accepts_has_no_rejects(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").id, traffic_type="ACCEPT", log_format="${srcport} ${action} ${log-status}")
    logged.send("web", TO_APP)
    logged.send("web", tcp("10.0.1.5:4004 > 10.0.1.6:80", "PA", b"stray"))
    logged.minute()

    assert lines(logged) == ["4000 ACCEPT OK"]


def test_ping_has_no_ports_and_tcp_has_flags(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").id, log_format="${srcport} ${dstport} ${protocol} ${tcp-flags} ${packets}")
    logged.send("web", ping("10.0.1.5 > 10.0.1.6"))
    logged.send("web", tcp("10.0.1.5:4005 > 10.0.1.6:80", "S"))
    logged.send("app", tcp("10.0.1.6:80 > 10.0.1.5:4005", "SA", seq=5000, ack=1001))
    logged.send("web", tcp("10.0.1.5:4005 > 10.0.1.6:80", "A", seq=1001, ack=5001))
    logged.minute()

    assert sorted(lines(logged)) == ["0 0 1 0 1", "4005 80 6 2 2", "80 4005 6 18 1"]


def test_ipv6_is_logged(logged: LoggedLab) -> None:
    logged.log(logged.interface("app").id, log_format="${type} ${srcaddr} ${pkt-dstaddr} ${version}")
    logged.send("web", udp("[fd00:10:0:1::5]:4000 > [fd00:10:0:1::7]:53"))
    logged.minute()

    assert lines(logged) == ["IPv6 fd00:10:0:1::5 fd00:10:0:1::7 3"]


@pytest.mark.parametrize("address", ["10.0.1.1", "10.0.0.2", "169.254.169.254", "169.254.169.253", "169.254.169.123"])
def test_traffic_with_the_network_itself_is_left_out(logged: LoggedLab, address: str) -> None:
    logged.log(logged.interface("web").id, log_format="${dstaddr} ${log-status}")
    logged.lab.send("web", udp(f"10.0.1.5:4000 > {address}:53"))
    logged.minute()

    assert lines(logged) == ["- NODATA"]


def test_a_spoofed_packet_is_in_nobodys_log(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").vpc_id, log_format="${log-status}")
    spoofed = logged.lab.send("web", udp("10.0.1.77:4000 > 10.0.1.6:53"))
    logged.minute()

    assert spoofed.dropped() == {"SPOOFED_ADDRESS": 1}
    assert lines(logged) == ["NODATA"] * 3


def test_a_row_is_counted_once(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").id, log_format="${packets}")
    logged.send("web", TO_APP)
    logged.minute()
    logged.send("web", TO_APP)
    logged.send("web", TO_APP)
    logged.minute()

    assert lines(logged) == ["1", "2"]


def test_ten_minutes_add_up_to_one_record(logged: LoggedLab) -> None:
    logged.lab.advance(600 - logged.lab.now % 600)
    logged.loop.run(logged.plugin.on_tick(logged.runtime.now()))
    logged.log(logged.interface("web").id, max_aggregation_interval=600, log_format="${packets} ${start} ${end}")
    begin = MIDNIGHT + int(logged.lab.now)
    for _ in range(10):
        logged.send("web", TO_APP)
        logged.minute()

    assert lines(logged) == [f"10 {begin} {begin + 540}"]


def test_a_router_that_does_not_answer_is_skipdata(logged: LoggedLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.flow_log.sweep.PATIENCE", 0.05)
    logged.log(logged.interface("web").vpc_id, log_format="${interface-id} ${log-status}")
    logged.runtime.deaf = {"alpha"}
    logged.minute()
    logged.runtime.deaf = set()

    web, near, app = (logged.interface(name).id for name in ("web", "near", "app"))
    assert sorted(lines(logged)) == sorted([f"{web} SKIPDATA", f"{near} SKIPDATA", f"{app} NODATA"])


def test_records_are_queried_by_sql(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").vpc_id)
    logged.send("web", TO_APP)
    logged.send("web", TO_APP)
    logged.minute()
    found = query(
        "SELECT flow_direction, sum(packets), sum(bytes) FROM flow_logs WHERE action = 'ACCEPT' GROUP BY 1 ORDER BY 1",
        logged.plugin.folder,
    )

    assert list(found.rows) == [("egress", 2, 70), ("ingress", 2, 70)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/passwd'",
        "COPY flow_logs TO '/tmp/stolen.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "ATTACH '/tmp/other.db'",
        "SELECT * FROM nothing",
    ],
)
def test_sql_reaches_flow_logs_and_nothing_else(tmp_path: Path, sql: str) -> None:
    with pytest.raises(QueryError):
        query(sql, tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resource_id", "eni-none"),
        ("max_aggregation_interval", 90),
        ("log_format", "${version} ${nothing}"),
        ("collector", "nowhere"),
    ],
)
def test_what_cannot_be_is_refused(logged: LoggedLab, field: str, value: object) -> None:
    with pytest.raises(RequestError) as refused:
        logged.log(**{"resource_id": logged.interface("web").id, field: value})

    assert refused.value.code == "InvalidParameterValue"


def test_the_same_log_twice_is_refused(logged: LoggedLab) -> None:
    logged.log(logged.interface("web").id)

    with pytest.raises(RequestError) as refused:
        logged.log(logged.interface("web").id)

    assert refused.value.code == "FlowLogAlreadyExists"
