"""What a customer asks for: a flow log of an interface, a subnet or a VPC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from controller.model import Model, NetworkInterface, Subnet, Vpc
from controller.plugin import PluginResource, RequestError

from .records import DEFAULT_FORMAT, FormatError, field_names

INTERVALS = (60, 600)  # seconds

Traffic = Literal["ALL", "ACCEPT", "REJECT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLog(PluginResource):
    """Records of what interfaces sent, received and were refused, for an interface or all of a subnet or VPC."""

    NOT_FOUND: ClassVar[str] = "InvalidFlowLogId.NotFound"
    PREFIX: ClassVar[str] = "fl"
    INDEXED: ClassVar[tuple[str, ...]] = ("resource_id",)

    resource_id: str
    traffic_type: str = "ALL"
    max_aggregation_interval: int = 600
    log_format: str = DEFAULT_FORMAT
    collector: str = ""  # address:port that gets the same as IPFIX


def interfaces_of(model: Model, log: FlowLog) -> Iterable[NetworkInterface]:
    """The interfaces that a flow log is about."""
    if log.resource_id in model.network_interfaces:
        return (model.network_interfaces[log.resource_id],)
    if log.resource_id in model.subnets:
        subnet = model.subnets[log.resource_id]
        return [eni for eni in model.interfaces_by_vpc.get(subnet.vpc_id, ()) if eni.subnet_id == subnet.id]
    return model.interfaces_by_vpc.get(log.resource_id, ())


def is_logged(model: Model, eni: NetworkInterface) -> bool:
    """Whether any flow log is about the interface."""
    return any(model.count(FlowLog, "resource_id", target) for target in (eni.id, eni.subnet_id, eni.vpc_id))


def subject_of(model: Model, resource_id: str) -> NetworkInterface | Subnet | Vpc:
    """What the id stands for; RequestError when flow logs cannot be about it."""
    for kind in (NetworkInterface, Subnet, Vpc):
        found = model.get(kind, resource_id)
        if found is not None:
            assert isinstance(found, NetworkInterface | Subnet | Vpc)
            return found
    text = f"'{resource_id}' is no network interface, subnet or VPC"
    raise RequestError("InvalidParameterValue", text, "resource_id")


def check(log: FlowLog) -> FlowLog:
    """The log itself; RequestError when a field has no possible value."""
    if log.max_aggregation_interval not in INTERVALS:
        raise RequestError("InvalidParameterValue", "60 or 600 seconds", "max_aggregation_interval")
    try:
        field_names(log.log_format)
    except FormatError as error:
        raise RequestError("InvalidParameterValue", str(error), "log_format") from None
    if log.collector:
        collector_of(log)
    return log


def collector_of(log: FlowLog) -> tuple[str, int]:
    """Address and port of the log's collector."""
    address, _, port = log.collector.rpartition(":")
    if not address or not port.isdecimal() or not 0 < int(port) < 65536:
        raise RequestError("InvalidParameterValue", "address:port", "collector")
    return address.strip("[]"), int(port)
