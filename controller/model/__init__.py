"""The region as frozen dataclasses with AWS names; no I/O."""

from controller.model.model import Model
from controller.model.resources import (
    Instance,
    NetworkInterface,
    PhysicalHost,
    Route,
    RouteTable,
    Subnet,
    UnderlayRoute,
    Vpc,
)

__all__ = [
    "Instance",
    "Model",
    "NetworkInterface",
    "PhysicalHost",
    "Route",
    "RouteTable",
    "Subnet",
    "UnderlayRoute",
    "Vpc",
]
