"""The two-host region in the lab; every test also checks that each packet is accounted for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pipeline.mapping_regions import accounted
from topologies.lab import Lab
from topologies.region import load_region


@pytest.fixture(scope="module")
def running_lab() -> Iterator[Lab]:
    with Lab(load_region("two_hosts")) as lab:
        yield lab


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """A lab; at the end every packet is accounted for at every switch (law 3)."""
    yield running_lab
    accounted(running_lab)
