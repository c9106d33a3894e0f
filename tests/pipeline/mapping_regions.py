"""Regions for the tests of the mapping service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from topologies.description import RegionDescription
from topologies.lab import Lab, Sent
from topologies.region import Region, build_region

CLIENT, WEB, UNUSED = "10.0.1.6", "10.0.1.5", "10.0.1.77"
SERVICE = "172.31.255.1"
ALPHA, BETA, GAMMA, DELTA = "172.31.0.1", "172.31.0.2", "172.31.0.3", "172.31.0.4"
QUESTION = f"{CLIENT}:4000 > {WEB}:53"
ANSWER = f"{WEB}:53 > {CLIENT}:4000"


def region(policy: str = "on-demand", gateway: str | None = "gamma") -> Region:
    """Web on alpha, client and near on beta, nobody on gamma and delta; red has the same on alpha and beta."""
    hosts = {"alpha": {"underlay": ALPHA}, "beta": {"underlay": BETA}, "gamma": {"underlay": GAMMA}}
    hosts["delta"] = {"underlay": DELTA}
    others = [(a, b) for a in ("gamma", "delta") for b in ("alpha", "beta")] if policy == "preload" else []
    return build_region(
        RegionDescription.model_validate(
            {
                "name": "mapping",
                "hosts": hosts,
                "links": [("alpha", "beta"), *others],
                "mapping": {"policy": policy, "gateway": gateway},
                "vpcs": {
                    "blue": _vpc({"web": (WEB, "alpha"), "client": (CLIENT, "beta"), "near": ("10.0.1.7", "beta")}),
                    "red": _vpc({"red-web": (WEB, "alpha"), "red-app": (CLIENT, "beta")}),
                },
            }
        )
    )


def _vpc(instances: Mapping[str, tuple[str, str]]) -> dict[str, object]:
    return {
        "cidr": "10.0.0.0/16",
        "subnets": {"main": "10.0.1.0/24"},
        "instances": {
            name: {"subnet": "main", "address": address, "host": host} for name, (address, host) in instances.items()
        },
    }


def accounted(lab: Lab) -> None:
    """Checks law 3 at every switch: received + generated = sent + dropped + consumed."""
    counters = lab.counters()
    for host in lab.switches:
        parts = {
            part: sum(count for name, count in counters.items() if name.startswith(f"{host}.{part}."))
            for part in ("received", "generated", "sent", "drops", "consumed")
        }
        came, went = ("received", "generated"), ("sent", "drops", "consumed")
        assert sum(parts[part] for part in came) == sum(parts[part] for part in went), (host, parts)


def event_names() -> dict[str, str]:
    """The cells of the counter `mapping_cache`, by the names that the P4 program gives them."""
    text = (Path(__file__).parents[2] / "p4src/include/types.p4").read_text()
    body = text.partition("enum bit<8> cache_event_t {")[2].partition("}")[0]
    return {cell: name for name, cell in re.findall(r"([A-Z]+)\s*= (\d+)", body)}


def cache(sent: Sent, host: str) -> dict[str, int]:
    """What the mapping cache of a host did."""
    prefix = f"{host}.mapping_cache."
    moved = {name.removeprefix(prefix): count for name, count in sent.changed.items() if name.startswith(prefix)}
    return {event_names()[cell]: count for cell, count in moved.items()}
