"""The command line of p4vpc-switch: simple_switch_grpc's options, and a few of our own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from switch.engine.io import Mode

DEFAULT_ADDRESS = "127.0.0.1:9559"
DEFAULT_DEVICE_ID = 1
DEFAULT_DROP_PORT = 511
JSON_VERSION = "2.24"
LEVELS = ("trace", "debug", "info", "warn", "error", "off")
IGNORED_WITH_VALUE = (
    "thrift-port",
    "nanolog",
    "notifications-addr",
    "debugger-addr",
    "restore-state",
    "max-port-count",
    "dp-grpc-server-addr",
    "priority-queues",
    "max-mc-groups",
    "max-l1-entries",
    "max-l2-entries",
    "load-modules",
    "packet-in",
)
IGNORED_FLAGS = ("debugger", "disable-swap", "enable-swap")


class BadOptions(Exception):
    """The command line makes no sense; the text is one line for the user."""


@dataclass(frozen=True)
class Tls:
    """PEM files of the gRPC server."""

    certificate: Path
    key: Path
    authority: Path | None = None
    client_auth: bool = False


@dataclass(frozen=True)
class Logging:
    """Where events are logged: the console, a file (`PATH.txt`, rotated), or nowhere."""

    console: bool = False
    file: str | None = None
    level: str = "trace"
    flush: bool = False
    max_size: int = 5 * 1024 * 1024
    max_files: int = 3
    packet_bytes: int = 0


@dataclass(frozen=True)
class SwitchOptions:
    """Everything the command line says."""

    config: Path | None = None
    interfaces: dict[int, str] = field(default_factory=dict)
    device_id: int = DEFAULT_DEVICE_ID
    address: str = DEFAULT_ADDRESS
    tls: Tls | None = None
    cpu_port: int | None = None
    drop_port: int = DEFAULT_DROP_PORT
    logging: Logging = field(default_factory=Logging)
    pcap: Path | None = None
    use_files: float | None = None
    tick_port: int | None = None
    tick_rate: int = 0
    io: Mode = Mode.AUTO
    spin_us: int = 0
    seed: int | None = None
    prefault: bool = False
    cache: Path | None = None
    ready_fd: int | None = None
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadOptions(message)


def parse_options(arguments: Sequence[str]) -> SwitchOptions:
    """The options of a command line; raises BadOptions, or SystemExit after printing help or a version."""
    words = _adapt(list(arguments))
    parser = _parser()
    given = parser.parse_args(words)
    if given.version:
        print(_version())
        raise SystemExit(0)
    if given.json_version:
        print(JSON_VERSION)
        raise SystemExit(0)
    return _options(given)


def usage() -> str:
    """One line that says how the command is called."""
    return "Usage: p4vpc-switch [options] <path to JSON config file>; see p4vpc-switch --help"


def _adapt(words: list[str]) -> list[str]:
    """Target options may follow a `--`; `--pcap` has an optional value, which may be a directory in the next word."""
    if "--" in words:
        words.remove("--")
    for index, word in enumerate(words):
        if word != "--pcap":
            continue
        following = words[index + 1] if index + 1 < len(words) else ""
        if following and Path(following).is_dir():
            words[index : index + 2] = [f"--pcap={following}"]
        else:
            words[index] = "--pcap=."
    return words


def _interface(text: str) -> tuple[int, str]:
    number, at, device = text.partition("@")
    if not at or not number.isdecimal() or not device:
        raise argparse.ArgumentTypeError(f"{text!r} is not PORT@INTERFACE, as in 0@veth0")
    return int(number), device


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="p4vpc-switch",
        usage="p4vpc-switch [options] <path to JSON config file>",
        description="A P4 switch with the command line of simple_switch_grpc; target options may follow a --.",
    )
    add = parser.add_argument
    add("config", nargs="?", type=Path, metavar="JSON", help="BMv2 JSON of the program")
    add("-v", "--version", action="store_true", help="print the version and exit")
    add("--json-version", action="store_true", help="print the newest BMv2 JSON version understood and exit")
    add("-i", "--interface", action="append", type=_interface, default=[], metavar="PORT@IFACE", dest="interfaces",
        help="attach a network interface as a port; may be given many times")  # fmt: skip
    add("--no-p4", action="store_true", help="start without a program and wait for one over P4Runtime")
    add("--device-id", type=_natural, default=DEFAULT_DEVICE_ID, metavar="N",
        help=f"P4Runtime device id (default {DEFAULT_DEVICE_ID})")  # fmt: skip
    add("--cpu-port", type=_natural, metavar="N", help="port number of packet-in and packet-out; none without it")
    add("--drop-port", type=_natural, default=DEFAULT_DROP_PORT, metavar="N", help="port number that drops (511)")
    add("--pcap", metavar="DIR", help="write the packets of each interface to pcap files in DIR (default .)")
    add("--use-files", type=_natural, metavar="SECONDS",
        help="read IFACE_in.pcap and write IFACE_out.pcap instead of interfaces, after waiting SECONDS")  # fmt: skip
    _add_server_options(parser)
    _add_log_options(parser)
    _add_own_options(parser)
    ignored = parser.add_argument_group("accepted and ignored")
    for name in IGNORED_WITH_VALUE:
        ignored.add_argument(f"--{name}", metavar="X", help=argparse.SUPPRESS)
    for name in IGNORED_FLAGS:
        ignored.add_argument(f"--{name}", action="store_true", help=argparse.SUPPRESS)
    ignored.description = ", ".join(f"--{name}" for name in (*IGNORED_WITH_VALUE, *IGNORED_FLAGS))
    return parser


def _add_server_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("P4Runtime server").add_argument
    add("--grpc-server-addr", default=DEFAULT_ADDRESS, metavar="HOST:PORT", help=f"default {DEFAULT_ADDRESS}")
    add("--grpc-server-ssl", action="store_true", help="serve TLS")
    add("--grpc-server-cacert", type=Path, metavar="PEM", help="certificate authority that clients are checked against")
    add("--grpc-server-cert", type=Path, metavar="PEM", help="the server's certificate")
    add("--grpc-server-key", type=Path, metavar="PEM", help="the server's key")
    add("--grpc-server-with-client-auth", action="store_true", help="require a valid client certificate")


def _add_log_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("logging").add_argument
    add("--log-console", action="store_true", help="log to stdout")
    add("--log-file", metavar="PATH", help="log to PATH.txt")
    add("-L", "--log-level", default="trace", metavar="LEVEL", help=", ".join(LEVELS))
    add("--log-flush", action="store_true", help="flush the log file after every event")
    add("--log-file-max-size", type=_natural, default=5 * 1024 * 1024, metavar="BYTES", help="rotate at this size")
    add("--log-file-max-files", type=_natural, default=3, metavar="N", help="rotated files to keep")
    add("--dump-packet-data", type=_natural, default=0, metavar="BYTES", help="log so much of every packet")


def _add_own_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("not in simple_switch_grpc").add_argument
    add("--tick-port", type=_natural, metavar="N", help="make tick packets on this port")
    add("--tick-rate", type=_natural, default=None, metavar="R", help="ticks per second")
    add("--io", choices=[mode.name.lower() for mode in Mode], default="auto",
        help="how packets come and go (auto: AF_PACKET; AF_XDP sends where that hides nothing)")  # fmt: skip
    add("--spin-us", type=_natural, default=0, metavar="US", help="look for more packets so long before sleeping")
    add("--seed", type=_natural, metavar="N", help="make random numbers repeatable (default: different every time)")
    add("--prefault", action="store_true", help="take the memory of registers at the start, in huge pages")
    add("--cache-dir", type=Path, metavar="DIR", help="where compiled programs are kept")
    add("--ready-fd", type=_natural, metavar="FD", help="write a line to this descriptor when serving, and close it")


def _options(given: argparse.Namespace) -> SwitchOptions:
    warnings: list[str] = []
    if not given.no_p4 and given.config is None:
        raise BadOptions("please specify an input JSON configuration file (or --no-p4)")
    if given.no_p4 and given.config is not None:
        warnings.append("ignoring the input config as --no-p4 was used")
    if given.cpu_port == 0:
        raise BadOptions("argument --cpu-port: 0 is not a valid CPU port")
    if (given.tick_port is None) != (given.tick_rate is None):
        raise BadOptions("--tick-port and --tick-rate belong together")
    if given.pcap is not None and not Path(given.pcap).is_dir():
        raise BadOptions(f"directory {given.pcap!r} given with --pcap does not exist")
    names = (*IGNORED_WITH_VALUE, *IGNORED_FLAGS)
    return SwitchOptions(
        config=None if given.no_p4 else given.config,
        interfaces=_interfaces(given),
        device_id=given.device_id,
        address=given.grpc_server_addr,
        tls=_tls(given, warnings),
        cpu_port=given.cpu_port,
        drop_port=given.drop_port,
        logging=_logging(given, warnings),
        pcap=None if given.pcap is None else Path(given.pcap),
        use_files=given.use_files,
        tick_port=given.tick_port,
        tick_rate=given.tick_rate or 0,
        io=Mode[given.io.upper()],
        spin_us=given.spin_us,
        seed=given.seed,
        prefault=given.prefault,
        cache=given.cache_dir,
        ready_fd=given.ready_fd,
        ignored=tuple(f"--{name}" for name in names if getattr(given, name.replace("-", "_")) not in (None, False)),
        warnings=tuple(warnings),
    )


def _interfaces(given: argparse.Namespace) -> dict[int, str]:
    interfaces: dict[int, str] = {}
    for number, device in given.interfaces:
        if number in interfaces:
            raise BadOptions(f"argument -i: port {number} is given twice, as {interfaces[number]} and {device}")
        interfaces[number] = device
    for name, number in (("CPU", given.cpu_port), ("tick", given.tick_port)):
        if number in interfaces:
            raise BadOptions(f"{name} port {number} is used as a data port")
    return interfaces


def _tls(given: argparse.Namespace, warnings: list[str]) -> Tls | None:
    if given.grpc_server_ssl:
        for name in ("cert", "key"):
            if getattr(given, f"grpc_server_{name}") is None:
                raise BadOptions(f"--grpc-server-ssl needs --grpc-server-{name}")
        if given.grpc_server_with_client_auth and given.grpc_server_cacert is None:
            raise BadOptions("--grpc-server-with-client-auth needs --grpc-server-cacert to check clients against")
        return Tls(
            given.grpc_server_cert, given.grpc_server_key, given.grpc_server_cacert, given.grpc_server_with_client_auth
        )
    if given.grpc_server_cacert or given.grpc_server_cert or given.grpc_server_key:
        warnings.append("TLS is disabled for the gRPC server, so its .pem files are ignored")
    if given.grpc_server_with_client_auth:
        warnings.append("TLS is disabled for the gRPC server, so it cannot request client certificates")
    return None


def _logging(given: argparse.Namespace, warnings: list[str]) -> Logging:
    if given.log_console and given.log_file:
        raise BadOptions("--log-console and --log-file are exclusive")
    if given.log_level not in LEVELS:
        raise BadOptions(f"argument -L/--log-level: {given.log_level!r} is none of {', '.join(LEVELS)}")
    if given.log_file_max_size == 0:
        raise BadOptions("--log-file-max-size must be greater than 0")
    if given.log_flush and not given.log_file:
        warnings.append("ignoring --log-flush because --log-file is not given")
    return Logging(
        given.log_console, given.log_file, given.log_level, given.log_flush, given.log_file_max_size,
        given.log_file_max_files, given.dump_packet_data,
    )  # fmt: skip


def _version() -> str:
    try:
        return version("p4vpc")
    except PackageNotFoundError:
        return "unknown"


def fail(message: str) -> int:
    """Prints one line for the user and returns the exit code."""
    print(f"p4vpc-switch: {message}", file=sys.stderr)
    return 1
