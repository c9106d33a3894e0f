"""Running STF tests on BMv2's simple_switch; packets travel through pcap pipes and files."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from switch.engine import KeyKind, KeySpec, TableSpec
from switch.engine.program import read_program
from tests.conformance.runner import StfFailed, match_value, resolve_key
from tests.conformance.stf import Add, Call, Command, Expect, Packet, SetDefault, Statement

_PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
_PRIORITY_BASE = 10_000  # BMv2 prefers the smaller number


def run_on_bmv2(binary: Path, config: str, statements: Sequence[Statement]) -> None:
    """Loads a BMv2 JSON into that simple_switch and runs a test on it; raises StfFailed."""
    ports = sorted({s.port for s in statements if isinstance(s, Packet | Expect)})
    expected: dict[int, list[Expect]] = defaultdict(list)
    with Bmv2Switch(binary, config, ports) as switch:
        for statement in statements:
            if isinstance(statement, Expect):
                expected[statement.port].append(statement)
            else:
                switch.execute(statement)
        got = switch.finish({port: len(wanted) for port, wanted in expected.items()})
    for port in ports:
        wanted, left = expected[port], got.get(port, [])
        if len(wanted) != len(left):
            raise StfFailed(f"port {port}: expected {len(wanted)} packets, got {[p.hex() for p in left]}")
        for index, (want, packet) in enumerate(zip(wanted, left, strict=True)):
            if not want.matches(packet):
                raise StfFailed(f"port {port}, packet {index}: expected {want.pattern}, got {packet.hex().upper()}")


class Bmv2Switch:
    """A running simple_switch and its command line."""

    def __init__(self, binary: Path, config: str, ports: Sequence[int]) -> None:
        self.tables = read_program(config).tables
        self.folder = tempfile.TemporaryDirectory(prefix="stf")
        self.place = Path(self.folder.name)
        (self.place / "program.json").write_text(config)
        self.thrift = _free_port()
        self.pipes: dict[int, BinaryIO] = {}
        for port in ports:
            os.mkfifo(self.place / f"p{port}_in.pcap")
            self.pipes[port] = os.fdopen(os.open(self.place / f"p{port}_in.pcap", os.O_RDWR), "wb", buffering=0)
            self.pipes[port].write(_PCAP_HEADER)
        command = [str(binary), "--use-files", "0", "--thrift-port", str(self.thrift), "--device-id", str(self.thrift)]
        command += ["--notifications-addr", f"ipc://{self.place}/notes.ipc", "--log-file", "log", "-L", "warn"]
        command += [word for port in ports for word in ("-i", f"{port}@p{port}")]
        quiet = subprocess.DEVNULL
        self.switch = subprocess.Popen([*command, "program.json"], cwd=self.place, stdout=quiet, stderr=quiet)
        self.cli: subprocess.Popen[str] | None = None
        self.cli_binary = binary.with_name("simple_switch_CLI")
        self.pending = False  # commands may still be on their way

    def __enter__(self) -> Bmv2Switch:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.switch.poll() is not None:
                raise RuntimeError(f"simple_switch refused the program (exit code {self.switch.returncode})")
            with suppress(OSError), socket.create_connection(("localhost", self.thrift), 0.5):
                return self
            time.sleep(0.05)
        raise RuntimeError("simple_switch did not start")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in filter(None, (self.cli, self.switch)):
            process.kill()
            process.wait()
        for pipe in self.pipes.values():
            pipe.close()
        self.folder.cleanup()

    def _command(self, line: str) -> None:
        if self.cli is None:
            words = [str(self.cli_binary), "--thrift-port", str(self.thrift)]
            log = (self.place / "cli.log").open("w")
            self.cli = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True, cwd=self.place)
        assert self.cli.stdin is not None
        self.cli.stdin.write(line + "\n")
        self.cli.stdin.flush()
        self.pending = True

    def _settle(self) -> None:
        """Waits until the command line has run all commands: it ends at the end of its input."""
        if self.cli is not None and self.pending:
            assert self.cli.stdin is not None
            self.cli.stdin.close()
            self.cli.wait(30)
            said = (self.place / "cli.log").read_text()
            if "Error" in said or "Invalid" in said:
                raise RuntimeError(next(line for line in said.splitlines() if "Error" in line or "Invalid" in line))
            self.cli = None
        self.pending = False

    def execute(self, statement: Statement) -> None:
        """Any statement but Expect."""
        match statement:
            case Packet(port, data):
                self._send(port, data)
            case Add():
                self._add(statement)
            case SetDefault(table, call):
                spec = self._table(table)
                self._command(f"table_set_default {spec.name} {_call(spec, call)}")
            case Command(name, words):
                self._command(" ".join((name, *words)) if name not in ("wait", "remove") else "")
            case _:
                pass

    def _table(self, name: str) -> TableSpec:
        return self.tables[_suffixed(name, list(self.tables))]

    def _add(self, statement: Add) -> None:
        spec = self._table(statement.table)
        given = {resolve_key(spec, name): text for name, text in statement.matches}
        keys = " ".join(_match(key, given.get(key.name)) for key in spec.keys)
        action, _, data = _call(spec, statement.action).partition(" ")
        ordered = any(key.kind in (KeyKind.TERNARY, KeyKind.RANGE, KeyKind.OPTIONAL) for key in spec.keys)
        priority = str(_PRIORITY_BASE - (statement.priority or 0)) if ordered else ""
        self._command(f"table_add {spec.name} {action} {keys} => {data} {priority}")

    def _send(self, port: int, data: bytes) -> None:
        self._settle()
        seconds, rest = divmod(time.time_ns(), 1_000_000_000)  # the order of packets at different ports
        self.pipes[port].write(struct.pack("<IIII", seconds, rest // 1000, len(data), len(data)) + data)

    def finish(self, expected: Mapping[int, int]) -> Mapping[int, list[bytes]]:
        """All packets that left, when as many as expected have, and a moment for more to come, have passed."""
        self._settle()
        for pipe in self.pipes.values():  # simple_switch sends the last packets when all of its input has ended
            pipe.close()
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline and self.switch.poll() is None:
            got = self._left()
            if all(len(got.get(port, [])) >= count for port, count in expected.items()):
                break
            time.sleep(0.1)
        time.sleep(0.4)
        if self.switch.poll() is not None:
            raise RuntimeError(f"simple_switch ended with exit code {self.switch.returncode}")
        return self._left()

    def _left(self) -> dict[int, list[bytes]]:
        return {port: _read_pcap(self.place / f"p{port}_out.pcap") for port in self.pipes}


def _call(spec: TableSpec, call: Call) -> str:
    name = _suffixed(call.name, [action.name for action in spec.actions])
    action = next(action for action in spec.actions if action.name == name)
    given = dict(call.arguments)
    return " ".join([name, *(str(given[param.name]) for param in action.params)])


def _suffixed(name: str, known: Sequence[str]) -> str:
    found = [k for k in known if k == name] or [k for k in known if k.endswith(name)]
    if len(set(found)) != 1:
        raise StfFailed(f"no {name} (or more than one) among {known}")
    return found[0]


def _match(key: KeySpec, text: str | None) -> str:
    """A match field as simple_switch_CLI reads it."""
    value, mask = match_value(key, text)
    match key.kind:
        case KeyKind.TERNARY | KeyKind.OPTIONAL:
            return f"{value:#x}&&&{mask:#x}"
        case KeyKind.LPM:
            return f"{value:#x}/{mask.bit_count()}"
        case KeyKind.RANGE:
            return f"{value:#x}->{mask:#x}"
        case _:
            return f"{value:#x}"


def _read_pcap(path: Path) -> list[bytes]:
    data = path.read_bytes() if path.exists() else b""
    packets: list[bytes] = []
    position = len(_PCAP_HEADER)
    while position + 16 <= len(data):
        size = struct.unpack_from("<I", data, position + 8)[0]
        position += 16 + size
        if position <= len(data):
            packets.append(data[position - size : position])
    return packets


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])
