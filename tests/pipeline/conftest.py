"""The two-host region in the lab; every test also checks that each packet is accounted for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from topologies.lab import Lab
from topologies.region import load_region


@pytest.fixture(scope="module")
def running_lab() -> Iterator[Lab]:
    with Lab(load_region("two_hosts")) as lab:
        yield lab


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """A lab; at the end received = sent + dropped at every switch (law 3)."""
    yield running_lab
    counters = running_lab.counters()
    for host in running_lab.switches:
        received, sent, dropped = (
            sum(value for name, value in counters.items() if name.startswith(f"{host}.{table}."))
            for table in ("received", "sent", "drops")
        )
        assert received == sent + dropped, f"{host}: {received} received, {sent} sent, {dropped} dropped"
