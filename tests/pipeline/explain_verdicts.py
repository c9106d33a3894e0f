"""Whether explanations come true: random packets over random regions, explained first and then really sent.

`python -m tests.pipeline.explain_verdicts --packets 10000` counts; the test beside it runs a small number.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, Phase, given, seed, settings
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from tests.pipeline.random_regions import nobody, pairs, regions, renumbered
from topologies.lab import ROUTER_MAC, Lab
from topologies.region import Region

PACKETS_A_REGION = 50
ELSEWHERE = ("10.0.1.9", "10.0.2.5", "192.0.2.7", "203.0.113.1", "fd00:10:0:2::5", "2001:db8::1")


@dataclass
class Score:
    """How many packets were explained, what became of them, and which explanations did not come true."""

    packets: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Verdicts:
    """One lab, whose hosts run one random region after the other."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._numbers = count(1000, 1000)
        self.score = Score()

    def run(self, region: Region, seed: int, packets: int = PACKETS_A_REGION) -> None:
        """Explains and sends random packets of a region's instances."""
        region = renumbered(region, next(self._numbers))
        self._lab.become(region)
        choose = random.Random(seed)
        ways = [(sender, str(own), str(theirs)) for sender, own, theirs in pairs(region)]
        for _ in range(packets if ways else 0):
            sender, frame = _random_frame(choose, region, ways)
            self._compare(region, sender, frame)

    def _compare(self, region: Region, sender: str, frame: Packet) -> None:
        walk = self._lab.explain(sender, frame)
        sent = self._lab.send(sender, frame)
        told = sorted((name, data) for name, data in walk.delivered)
        seen = sorted((name, data) for name, frames in sent.frames.items() for data in frames)
        reasons = Counter(reason for _, reason in walk.dropped)
        self.score.packets += 1
        self.score.fates.update(reasons.keys() or (["delivered"] if told else ["kept or asked"]))
        # With mappings on demand a packet also causes questions and answers, which are packets of their own.
        same = told == seen and (region.mapping.policy == "on-demand" or reasons == Counter(sent.dropped()))
        if not same:
            fate = f"told {told} {dict(reasons)}, was {seen} {sent.dropped()}"
            self.score.wrong.append(f"{sender}: {fate}: {bytes(frame).hex()}")


def _random_frame(choose: random.Random, region: Region, ways: list[tuple[str, str, str]]) -> tuple[str, Packet]:
    sender, own, theirs = choose.choice(ways)
    if choose.random() < 0.15:
        theirs = choose.choice(ELSEWHERE)
    if choose.random() < 0.1:
        own = choose.choice(ELSEWHERE)
    six = ":" in theirs
    if six != (":" in own):
        own = theirs
    head = IPv6(src=own, dst=theirs) if six else IP(src=own, dst=theirs, ttl=choose.choice((0, 1, 2, 64, 255)))
    ports = {"sport": choose.randrange(65536), "dport": choose.choice((22, 53, 80, 6081, 6082))}
    bodies = [UDP(**ports), TCP(flags=choose.choice(("S", "SA", "A", "R", "F", "PA", "SF")), **ports), Raw(b"\0" * 20)]
    body = choose.choice(bodies if six else [*bodies, ICMP(type=choose.choice((0, 3, 8)), id=choose.randrange(9))])
    size = choose.choice((0, 1, 100, 1400, 8900, 9100))
    eni = region.model.interface_of(region.model.instance(sender))
    source = eni.mac if choose.random() < 0.95 else "06:00:00:00:ff:ff"
    frame = bytearray(bytes(Ether(src=source, dst=ROUTER_MAC) / head / body / Raw(bytes(size))))
    if choose.random() < 0.2:
        frame[choose.randrange(12, min(len(frame), 80))] ^= 1 << choose.randrange(8)
    if choose.random() < 0.05:
        del frame[choose.randrange(14, len(frame)) :]
    return sender, Ether(bytes(frame))


def measure(packets: int, first_seed: int) -> Score:
    """The score over so many packets."""
    with Lab(nobody()) as lab:
        verdicts = Verdicts(lab)
        seeds = count(first_seed)

        @seed(first_seed)
        @settings(
            max_examples=max(1, -(-packets // PACKETS_A_REGION)),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        )
        @given(regions())
        def one(region: Region) -> None:
            if verdicts.score.packets < packets:
                verdicts.run(region, next(seeds), min(PACKETS_A_REGION, packets - verdicts.score.packets))

        while verdicts.score.packets < packets:
            one()
        return verdicts.score


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    score = measure(wanted.packets, wanted.seed)
    print(f"{score.packets} packets explained and sent, {len(score.wrong)} explanations did not come true")
    for fate, number in score.fates.most_common():
        print(f"  {fate:20} {number}")
    for text in score.wrong[:5]:
        print(f"  wrong: {text}")
    return 1 if score.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
