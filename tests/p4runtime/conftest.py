"""Fixtures of the P4Runtime tests."""

import pytest

from .world import FakeTarget, NativeTarget, World


@pytest.fixture(params=[FakeTarget, NativeTarget], ids=["fake", "native"])
def world(request: pytest.FixtureRequest) -> World:
    """A service with a primary client and the program loaded, over dictionaries and over the engine."""
    return World(target=request.param())
