"""Our tracker as a judge: the vrouter's P4 in the engine, an interface behind one port and the underlay behind another.

A plugin writes the tracker's verdict into the inner packet's DSCP field. What does not come out was dropped; the drop
counters must say that it was for a reason that tracking has.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Items
from ipaddress import ip_address
from pathlib import Path

from controller.loader import Manifest, discover, write_glue
from controller.p4rt import Entry, Program
from controller.plan import FlowPlan
from controller.plan import Timeouts as PlannedTimeouts
from controller.plan.addresses import data_plane_address
from controller.plan.vrouter import vrouter_entries
from controller.reconcile import reconcile
from switch.engine.build import BuildOptions
from topologies.lab_switch import LabSwitch
from topologies.region import Region, load_region

from .addresses import PAIRS, ROUTER, remote
from .frames import Frames
from .packets import Sequence
from .timetable import timetable
from .verdicts import Timeouts, Verdict, verdict_in

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "p4src"
BATCH_SECONDS = 200  # between batches: longer than any record lives
REFUSALS = ("drops.INVALID_FLOW", "drops.FRAGMENT_UNKNOWN", "drops.MALFORMED")
_TABLE_BITS = 14


class OracleError(Exception):
    """The harness itself does not work: a packet was dropped for a reason that has nothing to do with tracking, say."""


def compile_tracker(sources: Path, folder: Path) -> Program:
    """The vrouter in `sources` with the probe. Raises subprocess.CalledProcessError."""
    program = Program(folder / "vrouter.json", folder / "vrouter.p4info.txtpb")
    glue = folder / "glue"
    write_glue("vrouter", probe(), glue)
    files = ["-o", str(program.config), "--p4runtime-files", str(program.p4info_file)]
    options = [f"-DFLOW_TABLE_BITS={_TABLE_BITS}", "-I", str(glue), *files, str(sources / "vrouter.p4")]
    subprocess.run([sys.executable, "-m", "switch.p4c", *options], check=True, cwd=ROOT, capture_output=True)
    return program


def probe() -> list[Manifest]:
    """The plugin that writes verdicts down."""
    return list(discover(HERE / "plugins"))


class Ours:
    """A running vrouter with one interface, and `pairs` remote endpoints that it can talk with at a time."""

    name = "p4src/vrouter.p4 in the engine"

    def __init__(
        self,
        program: Program,
        timeouts: Timeouts,
        *,
        loose: bool = False,
        pairs: int = PAIRS,
        options: BuildOptions | None = None,
    ) -> None:
        region = load_region(str(HERE / "region.yaml"))
        self._switch = LabSwitch("alpha", 1, options)
        self._frames = Frames.of(region)
        self._now = 1_000
        entries = [*_planned(region, timeouts, loose=loose), *_remotes(region, pairs)]
        asyncio.run(reconcile(self._switch, program, entries))

    def run(self, sequences: Items[Sequence]) -> list[list[Verdict]]:
        """The verdicts on each sequence's packets, beginning with no living records."""
        self._now += BATCH_SECONDS
        before = self._dropped()
        verdicts: list[list[Verdict]] = [[] for _ in sequences]
        for offset, sends in timetable(sequences).items():
            self._switch.set_time((self._now + offset) * 1_000_000)
            frames = [self._frames.wrapped(send.data, outbound=send.packet.outbound) for send in sends]
            found = [Verdict.INVALID] * len(sends)
            for index, port, data in self._switch.process_batch(frames):
                inner = self._frames.unwrapped(port, data, outbound=sends[index].packet.outbound)
                if inner is not None:
                    found[index] = verdict_in(inner)
            for send, verdict in zip(sends, found, strict=True):
                verdicts[send.number].append(verdict)
        self._check_drops(before, sum(judged.count(Verdict.INVALID) for judged in verdicts))
        return verdicts

    def close(self) -> None:
        """Frees the engine."""
        self._switch.close()

    def _dropped(self) -> dict[str, int]:
        return {name: count for name, count in self._switch.counters().items() if name.startswith("drops.")}

    def _check_drops(self, before: dict[str, int], missing: int) -> None:
        dropped = {name: count - before.get(name, 0) for name, count in self._dropped().items()}
        refused = sum(dropped.get(name, 0) for name in REFUSALS)
        if refused != missing:
            raise OracleError(f"{missing} packets did not come out, and {refused} were refused by tracking: {dropped}")


def _planned(region: Region, timeouts: Timeouts, *, loose: bool) -> Iterable[Entry]:
    plan = FlowPlan(
        tracking="loose" if loose else "strict",
        limit=1 << 20,
        pickup_seconds=0,
        timeouts=PlannedTimeouts(
            syn_sent=timeouts.syn_sent,
            syn_recv=timeouts.syn_recv,
            established=timeouts.established,
            fin_wait=timeouts.fin_wait,
            close_wait=timeouts.close_wait,
            last_ack=timeouts.last_ack,
            time_wait=timeouts.time_wait,
            close=timeouts.close,
            retransmitting=timeouts.max_retrans,
            unacknowledged=timeouts.unacknowledged,
            udp_single=timeouts.udp,
            udp_stream=timeouts.udp_stream,
            icmp=timeouts.icmp,
            other=timeouts.generic,
        ),
    )
    return vrouter_entries(region.model, region.host("alpha"), region.mapping, plan)


def _remotes(region: Region, pairs: int) -> Iterator[Entry]:
    model, beta = region.model, region.host("beta")
    (eni,) = model.interfaces_on(beta)
    vpc = model.vpcs[eni.vpc_id].number
    for ipv6 in (False, True):
        addresses = [remote(number, ipv6=ipv6) for number in range(pairs)]
        for address in (*addresses, ip_address(ROUTER[ipv6])):
            key = {"vpc": vpc, "address": data_plane_address(address)}
            yield Entry("mapping", key, "to_host", host=beta.address, eni=eni.number)
