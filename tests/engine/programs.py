"""Programs that several tests (and the benchmarks) use."""

from __future__ import annotations

from .json_builder import Builder, call, egress_to, extract, f, n, op, param

ETHERNET = {"dst": 48, "src": 48, "type": 16}
IPV4 = {
    "version": 4,
    "ihl": 4,
    "tos": 8,
    "length": 16,
    "id": 16,
    "flags": 3,
    "offset": 13,
    "ttl": 8,
    "protocol": 8,
    "checksum": 16,
    "src": 32,
    "dst": 32,
}


def ethernet() -> Builder:
    """Parses Ethernet, and nothing else yet."""
    b = Builder()
    b.header_type("ethernet_t", **ETHERNET)
    b.header("ethernet", "ethernet_t")
    return b


def ipv4() -> Builder:
    """Parses Ethernet and IPv4, with the header checksum verified and updated."""
    b = ethernet()
    b.header_type("ipv4_t", **IPV4)
    b.header("ipv4", "ipv4_t")
    b.state("start", [extract("ethernet")], [f("ethernet.type")], x0800="ipv4", default=None)
    b.state("ipv4", [extract("ipv4")], default=None)
    inputs = [f(f"ipv4.{name}") for name in IPV4 if name != "checksum"]
    b.add("calculations", name="sum", algo="csum16", input=inputs)
    valid = op("valid", {"type": "header", "value": "ipv4"})
    b.add("checksums", name="sum", target=["ipv4", "checksum"], type="generic", calculation="sum", if_cond=valid)
    return b


def router() -> Builder:
    """The simple router: LPM to a next hop, next hop to addresses and port, TTL, checksum, counters."""
    b = ipv4()
    b.header_type("meta_t", nhop=32)
    b.header("meta", "meta_t", metadata=True)
    drop = b.action("drop", {}, call("mark_to_drop", {"type": "header", "value": "standard_metadata"}))
    hop = b.action(
        "set_nhop",
        {"nhop": 32, "port": 9},
        call("assign", f("meta.nhop"), param(0)),
        call("assign", f("standard_metadata.egress_spec"), param(1)),
        call("assign", f("ipv4.ttl"), op("&", op("+", f("ipv4.ttl"), n(0xFF)), n(0xFF))),
    )
    rewrite = b.action(
        "set_dmac",
        {"dmac": 48, "smac": 48},
        call("assign", f("ethernet.dst"), param(0)),
        call("assign", f("ethernet.src"), param(1)),
    )
    b.table(
        "ingress",
        "route",
        [("lpm", "ipv4.dst")],
        [hop, drop],
        "lpm",
        {"set_nhop": "arp", "drop": None},
        drop,
        with_counters=True,
        max_size=1 << 20,
    )
    b.table(
        "ingress",
        "arp",
        [("exact", "meta.nhop")],
        [rewrite, drop],
        "exact",
        None,
        drop,
        with_counters=True,
        max_size=1 << 20,
    )
    return b


def reflector() -> Builder:
    """Sends everything to port 1, unparsed."""
    b = Builder()
    b.state("start", [], default=None)
    b.run("ingress", "go", egress_to(1))
    return b
