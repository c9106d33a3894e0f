"""What requests and answers about the region as a whole look like."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from controller.api.schemas import Answer, V4Address


class ModifyRegion(BaseModel):
    """How routers learn who hosts what; what is given is changed, an empty `gateway_host_id` means no gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mapping_policy: Literal["on-demand", "preload", "gateway"] | None = None
    mapping_service: V4Address | None = None
    gateway_host_id: Annotated[str, Field(max_length=255)] | None = None


class SwitchStatus(BaseModel):
    """How far one switch is; `revision` is the one that it holds, `error` why it does not get on."""

    host_id: str
    name: str
    address: str
    state: Literal["connecting", "programming", "ready", "failed"]
    revision: int
    entries: int
    error: str | None


class Latency(BaseModel):
    """How long changes took; milliseconds."""

    count: int
    p50: float
    p99: float
    largest: float


class Status(Answer):
    """How far the region is: the switches hold everything up to `applied_revision`. Switches are for operators.

    Latencies are those since the start: `programming` from a commit to the last switch concerned, `mapping` to the last
    router that held the old mapping.
    """

    applied_revision: int
    resources: dict[str, int]
    switches: list[SwitchStatus]
    latencies: dict[str, Latency]
