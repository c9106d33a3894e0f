"""The command line of p4vpc-switch is that of simple_switch_grpc."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.__main__ import main
from switch.engine.io import Mode
from switch.options import BadOptions, parse_options


def test_a_command_line_written_for_bmv2_is_understood() -> None:
    words = (
        "-i 1@s1-eth1 --interface 2@s1-eth2 -i3@s1-eth3 --device-id 4 --thrift-port 9090 --nanolog ipc:///x "
        "--log-console -L warn --dump-packet-data 64 prog.json -- --cpu-port 255 --grpc-server-addr 0.0.0.0:50051 "
        "--drop-port 510"
    )

    options = parse_options(words.split())

    assert options.interfaces == {1: "s1-eth1", 2: "s1-eth2", 3: "s1-eth3"}
    assert options.config == Path("prog.json")
    assert (options.device_id, options.cpu_port, options.drop_port) == (4, 255, 510)
    assert options.address == "0.0.0.0:50051"
    assert options.ignored == ("--thrift-port", "--nanolog")
    assert (options.logging.console, options.logging.level, options.logging.packet_bytes) == (True, "warn", 64)


def test_target_options_need_no_double_dash() -> None:
    words = "--no-p4 --cpu-port 64 --io mmsg --tick-port 100 --tick-rate 20"

    options = parse_options(words.split())

    assert (options.config, options.cpu_port) == (None, 64)
    assert (options.io, options.tick_port, options.tick_rate) == (Mode.MMSG, 100, 20)


def test_it_listens_on_loopback_by_default() -> None:
    options = parse_options(["prog.json"])

    assert options.address == "127.0.0.1:9559"
    assert (options.drop_port, options.cpu_port, options.tls) == (511, None, None)
    assert options.ignored == ()


@pytest.mark.parametrize("words", [["--pcap", "{dir}", "p.json"], ["--pcap={dir}", "p.json"]])
def test_pcap_takes_a_directory(words: list[str], tmp_path: Path) -> None:
    options = parse_options([word.format(dir=tmp_path) for word in words])

    assert (options.pcap, options.config) == (tmp_path, Path("p.json"))


def test_pcap_without_a_directory_means_the_current_one() -> None:
    options = parse_options(["--pcap", "p.json"])

    assert (options.pcap, options.config) == (Path("."), Path("p.json"))


def test_tls_files_are_taken_together() -> None:
    words = "--no-p4 --grpc-server-ssl --grpc-server-cert c --grpc-server-key k --grpc-server-cacert a"

    tls = parse_options(words.split()).tls

    assert tls is not None
    assert (tls.certificate, tls.key, tls.authority, tls.client_auth) == (Path("c"), Path("k"), Path("a"), False)


def test_tls_files_without_tls_are_said_to_be_ignored() -> None:
    options = parse_options(["--no-p4", "--grpc-server-cert", "c"])

    assert options.tls is None
    assert "TLS is disabled" in options.warnings[0]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "specify an input JSON"),
        ("-i veth0 p.json", "PORT@INTERFACE"),
        ("-i x@veth0 p.json", "PORT@INTERFACE"),
        ("-i 1@ p.json", "PORT@INTERFACE"),
        ("-i 1@a -i 1@b p.json", "port 1 is given twice, as a and b"),
        ("-i 1@a --cpu-port 1 p.json", "CPU port 1 is used as a data port"),
        ("--cpu-port 0 p.json", "0 is not a valid CPU port"),
        ("--device-id -1 p.json", "not a number of 0 or more"),
        ("--log-console --log-file x p.json", "exclusive"),
        ("-L loud p.json", "none of trace, debug"),
        ("--grpc-server-ssl --grpc-server-cert c p.json", "needs --grpc-server-key"),
        ("--grpc-server-ssl --grpc-server-cert c --grpc-server-key k --grpc-server-with-client-auth p.json", "cacert"),
        ("--pcap=/nowhere p.json", "does not exist"),
        ("--tick-rate 5 p.json", "belong together"),
        ("--bogus p.json", "--bogus"),
        ("a.json b.json", "b.json"),
    ],
)
def test_a_bad_command_line_is_refused_with_a_reason(words: str, reason: str) -> None:
    with pytest.raises(BadOptions, match=reason):
        parse_options(words.split())


def test_a_bad_command_line_ends_with_1_and_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["-i", "veth0", "p.json"])

    assert code == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("p4vpc-switch: argument -i/--interface: 'veth0' is not PORT@INTERFACE")
    assert lines[1:] == ["Usage: p4vpc-switch [options] <path to JSON config file>; see p4vpc-switch --help"]


@pytest.mark.parametrize(("flag", "text"), [("--json-version", "2.24"), ("--help", "--grpc-server-addr")])
def test_questions_are_answered_with_exit_0(flag: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse_options([flag])

    assert end.value.code == 0
    assert text in capsys.readouterr().out
