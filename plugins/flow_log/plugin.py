"""Flow logs as AWS has them: resources, what the routers are told, and the collecting of what they counted."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from controller.model import Model, NetworkInterface, Resource, Subnet, Vpc
from controller.plugin import (
    Entry,
    Node,
    Packet,
    Plugin,
    PluginResource,
    RequestError,
    Runtime,
    Sample,
    Section,
    Transaction,
    creates,
    deletes,
    modifies,
    new_id,
)

from .described import logs_described
from .exclusions import excluded
from .ipfix import Exporter, Place
from .logs import INTERVALS, FlowLog, Traffic, check, collector_of, interfaces_of, is_logged, subject_of
from .records import DEFAULT_FORMAT, LogRecord
from .sweep import Sweeper
from .windows import Window, Windows
from .writing import empty_record, flow_record, wanted

_log = logging.getLogger(__name__)

SHORTEST = min(INTERVALS)


class FlowLogs(Plugin):
    """Records of what network interfaces sent, received and were refused."""

    resources = (FlowLog,)
    sections = ("flow_log",)
    tick_interval = 1.0

    folder: Path | None = None  # where records are kept; else what the environment says

    def __init__(self) -> None:
        self._secret = secrets.randbits(128)
        self._runtime: Runtime | None = None
        self._written: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._exporters: dict[str, Exporter] = {}

    # -- actions ----------------------------------------------------------------------------------------------------

    @creates(FlowLog)
    def create_flow_logs(
        self,
        tx: Transaction,
        *,
        resource_id: str,
        traffic_type: Traffic = "ALL",
        max_aggregation_interval: int = 600,
        log_format: str = DEFAULT_FORMAT,
        collector: str = "",
        name: str = "",
    ) -> FlowLog:
        """Begins to log an interface, or all interfaces of a subnet or VPC."""
        subject = tx.get(type(subject_of(tx.model, resource_id)), resource_id, "resource_id")
        log = FlowLog(
            id=new_id("fl"),
            name=name,
            account_id=subject.account_id,
            resource_id=subject.id,
            traffic_type=traffic_type,
            max_aggregation_interval=max_aggregation_interval,
            log_format=log_format,
            collector=collector,
        )
        for other in tx.model.group(FlowLog, "resource_id", subject.id):
            if replace(other, id=log.id, name=name) == log:
                raise RequestError("FlowLogAlreadyExists", f"{other.id} logs the same", "resource_id")
        return tx.put(check(log))

    @modifies(FlowLog)
    def modify_flow_log(self, tx: Transaction, log: FlowLog, *, collector: str | None = None) -> FlowLog:
        """Changes where the same goes as IPFIX; everything else stays as it was made."""
        return tx.put(log if collector is None else check(replace(log, collector=collector)))

    @deletes(FlowLog)
    def delete_flow_logs(self, tx: Transaction, log: FlowLog) -> None:
        """Ends a flow log; its records stay."""
        tx.delete(log)

    def on_change(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """Flow logs go with what they are about."""
        if after is None and isinstance(before, NetworkInterface | Subnet | Vpc):
            for log in tx.model.group(FlowLog, "resource_id", before.id):
                tx.delete(log)

    def described(self, model: Model, sections: Sequence[Section]) -> Iterator[PluginResource]:
        """The flow logs of a region description."""
        return logs_described(sections)

    def entries(self, model: Model, node: Node) -> Iterator[Entry]:
        """The interfaces whose packets are counted."""
        if node.program != "vrouter":
            return
        for eni in _logged_on(model, node):
            for side in ("leaving", "entering"):
                yield Entry(f"flow_log.{side}.interface", {"eni": eni.number}, "log", hash_secret=self._secret)

    # -- collecting -------------------------------------------------------------------------------------------------

    async def start(self, runtime: Runtime) -> None:
        """Begins to collect."""
        now = runtime.now()
        self._runtime = runtime
        self._windows = Windows(now)
        self._due = now - now % SHORTEST + SHORTEST
        self._sweeper = Sweeper(runtime, self._windows.add)

    async def stop(self) -> None:
        """Writes what has been collected; what the routers count goes on waiting in them."""
        if self._runtime is not None:
            runtime, self._runtime = self._runtime, None
            for interval in INTERVALS:
                self._close(runtime.model, interval, runtime.now(), empty=False)

    async def on_packet_in(self, node: Node, packet: Packet) -> None:
        """Takes rows that routers send."""
        if self._runtime is not None:
            await self._sweeper.take(node, packet)

    async def on_tick(self, now: float) -> None:
        """Collects at the end of each minute."""
        if self._runtime is not None and now >= self._due:
            end = now - now % SHORTEST
            self._due = end + SHORTEST
            await self.collect(end)

    async def collect(self, end: float) -> None:
        """Empties the routers' tables, and writes the records of the intervals that end then."""
        if self._runtime is None:
            return
        model = self._runtime.model
        reached = {node.id: node for node in self._runtime.nodes if node.program == "vrouter"}
        hosts = (Node(host, host.program) for host in model.hosts.values() if host.program == "vrouter")
        concerned = [reached.get(node.id, node) for node in hosts if any(_logged_on(model, node))]
        await asyncio.gather(*(self._collect(model, node, reached=node.id in reached) for node in concerned))
        for interval in INTERVALS:
            if end % interval == 0:
                self._close(self._runtime.model, interval, end)

    async def _collect(self, model: Model, node: Node, *, reached: bool) -> None:
        logged = {eni.port: eni.number for eni in _logged_on(model, node)}
        if not reached or not await self._sweeper.sweep(node):
            self._windows.skip(logged.values())
            return
        missed = await self._sweeper.missed(node)
        self._missed[node.name] += sum(missed.values())
        self._windows.skip(logged[port] for port in missed if port in logged)

    def _close(self, model: Model, interval: int, end: float, *, empty: bool = True) -> None:
        """Writes the records of a window; without `empty` only where something was counted."""
        window = self._windows.close(interval, end)
        for log in model.table(FlowLog).values():
            if log.max_aggregation_interval == interval:
                found = [pair for eni in interfaces_of(model, log) for pair in _records(model, log, eni, window, end)]
                if found and (empty or any(record.log_status == "OK" for record, _ in found)):
                    self._keep(log, end, found)

    def _keep(self, log: FlowLog, end: float, records: Sequence[tuple[LogRecord, Place]]) -> None:
        from .store import Store, default_folder  # pyarrow takes its time, which the command line need not wait for

        self._written.update(record.log_status or "" for record, _ in records)
        try:
            path = Store(self.folder or default_folder()).write(log, end, [record for record, _ in records])
            _log.info("flow_log_written id=%s records=%d file=%s", log.id, len(records), path)
        except OSError as error:
            _log.error("flow_log_lost id=%s records=%d error=%r", log.id, len(records), str(error))
        if log.collector:
            self._export(log, end, records)

    def _export(self, log: FlowLog, end: float, records: Sequence[tuple[LogRecord, Place]]) -> None:
        exporter = self._exporters.setdefault(log.id, Exporter(zlib.crc32(log.id.encode())))
        address = collector_of(log)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as out:
                for message in exporter.messages(records, end):
                    out.sendto(message, address)
        except OSError as error:
            _log.warning("flow_log_not_exported id=%s collector=%s error=%r", log.id, log.collector, str(error))

    def metrics(self) -> Iterator[Sample]:
        """Records written by status, and packets that found no room in a router's table."""
        for status, count in self._written.items():
            yield Sample("flow_log_records", count, {"status": status}, "Flow log records written.", "counter")
        for node, count in self._missed.items():
            text = "Packets that found no room in the log table."
            yield Sample("flow_log_missed_packets", count, {"host": node}, text, "counter")


def _logged_on(model: Model, node: Node) -> Iterator[NetworkInterface]:
    return (eni for eni in model.interfaces_on(node.host) if is_logged(model, eni))


def _records(
    model: Model, log: FlowLog, eni: NetworkInterface, window: Window, end: float
) -> Iterator[tuple[LogRecord, Place]]:
    """The records of one interface in one interval."""
    vpc, subnet = model.vpcs[eni.vpc_id], model.subnets[eni.subnet_id]
    place = Place(eni.number, vpc.number)
    rows = window.rows.get(eni.number, {}).items()
    found = wanted(log, ((key, totals) for key, totals in rows if not excluded(key, vpc, subnet)))
    for key, totals in found:
        yield flow_record(model, log, eni, key, totals), place
    if eni.number in window.skipped:
        yield empty_record(log, eni, "SKIPDATA", window.begin, end), place
    elif not found and eni.host_id:
        yield empty_record(log, eni, "NODATA", window.begin, end), place
