"""What the controller has seen of the world, as opposed to what the region should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SwitchState:
    """How far one switch is: `revision` is the one that it holds, `error` why it does not get on."""

    host_id: str
    name: str
    address: str
    state: Literal["connecting", "programming", "ready", "failed"] = "connecting"
    revision: int = 0
    entries: int = 0
    error: str | None = None
