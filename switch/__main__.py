"""The p4vpc-switch command."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from switch.engine import BuildOptions, Engine, EngineError
from switch.engine.io import FileIO, IOConfig, PacketIO, PcapError
from switch.logs import set_up_log
from switch.options import BadOptions, SwitchOptions, fail, parse_options, usage
from switch.packet_log import PacketLog
from switch.serve import ServerError, check_free, start_server
from switch.target import DataPlane, MakeEngine, SwitchTarget


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a switch until SIGTERM or SIGINT and returns the exit code."""
    try:
        options = parse_options(sys.argv[1:] if arguments is None else arguments)
    except BadOptions as error:
        return fail(f"{error}\n{usage()}")
    try:
        log = set_up_log(options.logging)
    except OSError as error:
        return fail(f"--log-file: {error}")
    for name in options.ignored:
        print(f"p4vpc-switch: ignoring {name}, which means nothing here", file=sys.stderr)
    for warning in options.warnings:
        print(f"p4vpc-switch: {warning}", file=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _run(options, log, stop)
    except (EngineError, ServerError, OSError) as error:
        log.debug("fail switch error=%s", error)
        return fail(str(error))


def _run(options: SwitchOptions, log: logging.Logger, stop: threading.Event) -> int:
    failures: list[PcapError] = []

    def failed(error: PcapError) -> None:
        failures.append(error)
        stop.set()

    check_free(options.address)  # before a compilation that would be for nothing
    packets = PacketLog(options.interfaces, options.pcap, options.logging.packet_bytes)
    io = _data_plane(options, packets)
    if isinstance(io, FileIO):
        io.on_failure(failed)
    target = SwitchTarget(options.device_id, _engine_maker(options), io, cpu_port=options.cpu_port)
    try:
        if options.config is not None:
            target.load(_read(options.config), keep=False)
            log.info("load program config=%s", options.config)
        for number, device in sorted(options.interfaces.items()):
            io.add_port(number, device)
            log.info("add port=%d interface=%s", number, device)
        server = start_server(target, options)
        try:
            io.start()
            _say_ready(options, log, server.address)
            stop.wait()
        finally:
            server.stop()
    finally:
        _log_counters(log, target.io)
        target.close()
        packets.close()
    log.info("stop device=%d", options.device_id)
    return fail(str(failures[0])) if failures else 0


def _log_counters(log: logging.Logger, io: DataPlane) -> None:
    """Where every packet went, as the last thing that a switch says."""
    for number, status in io.ports().items():
        counters = " ".join(f"{name}={count}" for name, count in status.counters.items() if count)
        log.info("count port=%d interface=%s %s", number, status.device, counters)
    totals = {name: count for name, count in io.totals().items() if count}
    log.info("count switch %s", " ".join(f"{name}={count}" for name, count in totals.items()))
    if totals.get("tap_lost"):
        log.warning("lose packet copies=%d: --pcap and --dump-packet-data could not keep up", totals["tap_lost"])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError(f"cannot read {path}: {error.strerror}") from None


def _data_plane(options: SwitchOptions, packets: PacketLog) -> PacketIO | FileIO:
    config = IOConfig(
        mode=options.io,
        cpu_port=options.cpu_port,
        tick_port=options.tick_port,
        tick_rate=options.tick_rate,
        spin_us=options.spin_us,
        tap_bytes=packets.tap_bytes,
    )
    if options.use_files is not None:
        io = FileIO(None, config, wait_s=options.use_files)
    else:
        io = PacketIO(None, config, cache=options.cache)
    io.set_tap_handler(packets.packet)
    return io


def _engine_maker(options: SwitchOptions) -> MakeEngine:
    build = BuildOptions(cache=options.cache)

    def make(config: bytes) -> Engine:
        return Engine(
            config,
            seed=options.seed,
            cpu_port=options.cpu_port,
            drop_port=options.drop_port,
            prefault=options.prefault,
            options=build,
        )

    return make


def _say_ready(options: SwitchOptions, log: logging.Logger, address: str) -> None:
    text = f"serving grpc={address} device={options.device_id} ports={len(options.interfaces)}"
    log.info("%s", text)
    if not options.logging.console:
        print(f"p4vpc-switch: {text}", file=sys.stderr, flush=True)
    if options.ready_fd is not None:
        os.write(options.ready_fd, f"{text}\n".encode())
        os.close(options.ready_fd)


if __name__ == "__main__":
    sys.exit(main())
