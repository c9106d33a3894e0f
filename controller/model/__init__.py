"""The region as frozen dataclasses with AWS names; no I/O."""

from controller.model.model import Change, LiveModel, Model
from controller.model.resources import (
    Account,
    Instance,
    NetworkInterface,
    PhysicalHost,
    Quotas,
    Resource,
    Route,
    RouteTable,
    Stack,
    Subnet,
    Token,
    UnderlayRoute,
    Vpc,
)

__all__ = [
    "Account",
    "Change",
    "Instance",
    "LiveModel",
    "Model",
    "NetworkInterface",
    "PhysicalHost",
    "Quotas",
    "Resource",
    "Route",
    "RouteTable",
    "Stack",
    "Subnet",
    "Token",
    "UnderlayRoute",
    "Vpc",
]
