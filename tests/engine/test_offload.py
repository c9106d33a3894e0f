"""Which programs may get super-packets whole; and that those do to one what they would do to its segments."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from switch.engine import ActionCall, Engine
from switch.engine.offload import obstacle
from switch.engine.program import read_program
from switch.p4c.__main__ import main as p4c
from tests.switch.packets import ETH, IP4, TCP, UDP, VLAN, Shape, build
from tests.switch.test_offload import Native, offload_of

from .json_builder import Builder, call, extract, f, h, n, op
from .programs import ETHERNET, IPV4, reflector, router

ROOT = Path(__file__).parents[2]
PORTS = {"sport": 16, "dport": 16}
TCP_FIELDS = {**PORTS, "seq": 32, "ack": 32, "offset": 4, "reserved": 4, "flags": 8, "window": 16, "sum": 16, "urg": 16}
UDP_FIELDS = {**PORTS, "length": 16, "sum": 16}
IPV6 = {"version": 4, "class": 8, "label": 20, "length": 16, "next": 8, "hops": 8, "src": 128, "dst": 128}
TYPES = {"eth": ETHERNET, "vlan": {"tci": 16, "type": 16}, "arp": {"all": 224}, "ip": IPV4, "ip6": IPV6}
TYPES |= {"tcp": TCP_FIELDS, "udp": UDP_FIELDS, "icmp": {"all": 64}}


def parsed() -> Builder:
    """Parses Ethernet, a VLAN tag, ARP, IPv4 and IPv6, TCP, UDP and ICMP."""
    b = Builder()
    b.header_type("meta_t", a=32)
    b.header("meta", "meta_t", metadata=True)
    for name, fields in TYPES.items():
        b.header_type(f"{name}_t", **fields)
        b.header(name, f"{name}_t")
    types = {"x0800": "ip", "x86dd": "ip6", "x0806": "arp", "default": None}
    over = {"x06": "tcp", "x11": "udp", "default": None}
    b.state("start", [extract("eth")], [f("eth.type")], **{"x8100": "vlan", **types})
    b.state("vlan", [extract("vlan")], [f("vlan.type")], **types)
    b.state("ip", [extract("ip")], [f("ip.protocol")], **{"x01": "icmp", **over})
    b.state("ip6", [extract("ip6")], [f("ip6.next")], **{"x3a": "icmp", **over})
    for name in ("arp", "tcp", "udp", "icmp"):
        b.state(name, [extract(name)], default=None)
    return b


def verdict(*primitives: dict) -> str | None:
    """Why a program that does this to what it parsed must see segments."""
    b = parsed()
    b.run("ingress", "go", *primitives)
    return obstacle(read_program(b.text()))


def put(target: str, value: dict | None = None) -> dict:
    return call("assign", f(target), value or n(1))


def get(source: str) -> dict:
    return call("assign", f("meta.a"), f(source))


def compiled(path: Path, folder: Path) -> str:
    assert p4c([str(path), "-o", str(folder / "program.json")]) == 0
    return (folder / "program.json").read_text()


WRITABLE = ("meta.a", "eth.dst", "eth.src", "vlan.tci", "ip.tos", "ip.ttl", "ip.checksum", "ip6.class", "ip6.hops")
WRITABLE += ("arp.all", "icmp.all")
REPEATED = ("eth.type", "vlan.type", "ip.length", "ip.id", "ip.protocol", "ip.src", "ip.dst", "ip6.length", "ip6.src")
REPEATED += ("ip6.label", "ip6.next", "tcp.sport", "tcp.seq", "tcp.flags", "tcp.sum", "udp.dport", "udp.length")
READABLE = ("eth.dst", "eth.type", "vlan.tci", "ip.src", "ip.ttl", "ip.protocol", "ip6.dst", "ip6.label", "tcp.dport")
READABLE += ("tcp.flags", "udp.sport", "arp.all", "icmp.all", "standard_metadata.ingress_port")
DIFFERENT = ("standard_metadata.packet_length", "ip.length", "ip.id", "ip.checksum", "ip6.length", "tcp.seq")
DIFFERENT += ("tcp.ack", "tcp.window", "tcp.sum", "udp.length", "udp.sum")


@pytest.mark.parametrize("field", WRITABLE)
def test_what_segments_repeat_and_no_pending_checksum_covers_may_be_written(field: str) -> None:
    assert verdict(put(field)) is None


@pytest.mark.parametrize("field", REPEATED)
def test_addresses_ports_lengths_and_types_may_not_be_written(field: str) -> None:
    assert verdict(put(field)) == f"it writes {field}"


@pytest.mark.parametrize("field", READABLE)
def test_what_is_the_same_in_all_segments_may_be_read(field: str) -> None:
    assert verdict(get(field)) is None


@pytest.mark.parametrize("field", DIFFERENT)
def test_what_differs_between_segments_may_not_be_read(field: str) -> None:
    assert verdict(get(field)) in (f"it reads {field}", "it reads packet_length")


@pytest.mark.parametrize(
    "primitive",
    [
        call("add_header", h("vlan")),
        call("remove_header", h("vlan")),
        call("assign_header", h("tcp"), h("tcp")),
        call("truncate", n(100)),
        call("clone_ingress_pkt_to_egress", n(1), n(0)),
        call("recirculate", n(0)),
    ],
)
def test_what_changes_the_packets_make_up_needs_segments(primitive: dict) -> None:
    assert verdict(primitive) == f"it uses {primitive['op']}"


def test_validity_may_be_read_but_not_written() -> None:
    assert verdict(call("assign", f("meta.a"), op("b2d", op("valid", h("tcp"))))) is None
    assert verdict(put("vlan.$valid$")) == "it writes vlan.$valid$"


def test_a_key_counts_as_read() -> None:
    b = parsed()
    action = b.action("none", {})
    b.table("ingress", "t", [("exact", "tcp.dport")], [action], "exact", None, action)
    assert obstacle(read_program(b.text())) is None

    b.table("egress", "u", [("exact", "tcp.seq")], [action], "exact", None, action)
    assert obstacle(read_program(b.text())) == "it reads tcp.seq"


def test_registers_and_meters_decide_by_packet_and_need_segments() -> None:
    b = parsed()
    b.add("register_arrays", name="r", size=4, bitwidth=32)
    b.run("ingress", "go", call("register_write", {"type": "register_array", "value": "r"}, n(0), n(1)))

    assert obstacle(read_program(b.text())) == "it uses register_write"


def test_a_header_that_the_deparser_leaves_out_is_taken_away() -> None:
    b = parsed()
    b.root["deparsers"][0]["order"].remove("tcp")

    assert obstacle(read_program(b.text())) == "tcp is not deparsed as it was parsed"


def test_headers_that_swap_places_are_not_what_was_parsed() -> None:
    b = parsed()
    b.root["deparsers"][0]["order"].reverse()

    assert "is not deparsed as it was parsed" in str(obstacle(read_program(b.text())))


def test_what_is_not_known_by_its_type_field_may_not_be_touched() -> None:
    b = Builder()
    b.header_type("ip_t", **IPV4)
    b.header_type("eth_t", **ETHERNET)
    b.header("eth", "eth_t")
    b.header("ip", "ip_t")
    b.state("start", [extract("eth"), extract("ip")], default=None)
    b.run("ingress", "go", put("ip.ttl"))

    assert obstacle(read_program(b.text())) == "it writes ip.ttl"


def test_a_transport_checksum_needs_segments() -> None:
    b = parsed()
    b.add("calculations", name="sum", algo="csum16", input=[f("ip.src"), f("ip.dst"), {"type": "payload"}])
    b.add("checksums", name="sum", target=["tcp", "sum"], type="generic", calculation="sum")

    assert obstacle(read_program(b.text())) == "it computes the checksum tcp.sum"


def test_programs_on_both_sides_of_the_line(tmp_path: Path) -> None:
    everything = (ROOT / "tests" / "p4runtime" / "data" / "everything.json").read_text()

    assert obstacle(read_program(reflector().text())) is None
    assert obstacle(read_program(router().text())) is None
    assert obstacle(read_program(compiled(ROOT / "bench" / "router.p4", tmp_path))) is None
    assert obstacle(read_program(everything)) is not None


def test_the_vrouter_encapsulates_and_needs_segments(tmp_path: Path) -> None:
    glue = str(ROOT / "p4src" / "without_plugins")
    target = tmp_path / "vrouter.json"
    assert p4c(["-I", glue, str(ROOT / "p4src" / "vrouter.p4"), "-o", str(target)]) == 0

    assert obstacle(read_program(target.read_text())) is not None


@pytest.mark.parametrize("layers", [(ETH, IP4, TCP), (ETH, VLAN, IP4, TCP), (ETH, IP4, UDP)])
def test_cutting_after_the_program_gives_what_cutting_before_gives(layers: tuple[int, ...]) -> None:
    native, rng = Native(), random.Random(1)
    with Engine(router().text()) as engine:
        assert engine.carry_offload
        engine.tables["route"].insert(bytes(4), bytes(4), 0, ActionCall("set_nhop", b"\0\0\0\1\0\3"))
        engine.tables["arp"].insert(b"\0\0\0\1", None, 0, ActionCall("set_dmac", rng.randbytes(12)))
        shape = Shape(layers)
        whole = build(shape, rng.randbytes(9000), sequence=77, partial=True)

        before = [
            data for cut in native.segments(whole, offload_of(shape, 1400)) or [] for _, data in engine.process(1, cut)
        ]
        after = [
            cut for _, data in engine.process(1, whole) for cut in native.segments(data, offload_of(shape, 1400)) or []
        ]

    assert after == before
    assert len(after) == 7
