"""From sums of the data plane to records: which address is shown, which way the packets went."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address

from controller.model import Model, NetworkInterface

from .logs import FlowLog
from .records import LogRecord, field_names, version_of
from .rows import Address, RowKey, Totals

_PATHS = {"igw": 8, "eigw": 8, "vgw": 3, "pcx": 4, "vpce": 7}  # AWS's numbers, by the prefix of the route's target
_IN_VPC = 1


def flow_record(model: Model, log: FlowLog, eni: NetworkInterface, key: RowKey, totals: Totals) -> LogRecord:
    """The record of a flow. The interface's own address is shown as its primary one, and as it was in pkt-..."""
    own, remote = (key.source, key.destination) if key.egress else (key.destination, key.source)
    shown = primary(eni, own)
    return replace(
        _common(log, eni),
        srcaddr=str(shown if key.egress else remote),
        dstaddr=str(remote if key.egress else shown),
        srcport=key.source_port,
        dstport=key.destination_port,
        protocol=key.protocol,
        packets=totals.packets,
        bytes=totals.octets,
        start=math.floor(totals.first),
        end=math.floor(totals.last),
        action="REJECT" if key.reject else "ACCEPT",
        log_status="OK",
        tcp_flags=totals.tcp_flags,
        type="IPv4" if isinstance(own, IPv4Address) else "IPv6",
        pkt_srcaddr=str(key.source),
        pkt_dstaddr=str(key.destination),
        flow_direction="egress" if key.egress else "ingress",
        traffic_path=_path(model, eni, remote) if key.egress and not key.reject else None,
    )


def empty_record(log: FlowLog, eni: NetworkInterface, status: str, start: float, end: float) -> LogRecord:
    """A record without a flow: NODATA or SKIPDATA."""
    return replace(_common(log, eni), start=math.floor(start), end=math.floor(end), log_status=status)


def primary(eni: NetworkInterface, own: Address) -> Address:
    """The first address of the interface of the same version; the packet's, when it has none."""
    return next((address for address in eni.addresses if address.version == own.version), own)


def wanted(log: FlowLog, rows: Iterable[tuple[RowKey, Totals]]) -> list[tuple[RowKey, Totals]]:
    """The rows that are of the log's type of traffic."""
    return [(key, totals) for key, totals in rows if log.traffic_type in ("ALL", "REJECT" if key.reject else "ACCEPT")]


def _common(log: FlowLog, eni: NetworkInterface) -> LogRecord:
    return LogRecord(
        version=version_of(field_names(log.log_format)),
        account_id=eni.account_id,
        interface_id=eni.id,
        vpc_id=eni.vpc_id,
        subnet_id=eni.subnet_id,
        instance_id=eni.instance_id or None,
    )


def _path(model: Model, eni: NetworkInterface, remote: Address) -> int | None:
    """AWS's number for the way that the interface's route table sends its packets to an address."""
    if eni.id not in model.network_interfaces:
        return None
    routes = [route for route in model.route_table_of(eni).routes if remote in route.destination]
    if not routes:
        return None
    target = max(routes, key=lambda route: route.destination.prefixlen).target
    return _IN_VPC if target in ("local", *model.network_interfaces) else _PATHS.get(target.partition("-")[0])
