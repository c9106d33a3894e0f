"""P4Info, the control plane's view of a program, with the ids, aliases and order that p4c gives."""

from __future__ import annotations

from switch.p4c.p4info.build import to_p4info
from switch.p4c.p4info.entries import to_entries
from switch.p4c.p4info.write import p4info_bytes, render

__all__ = ["p4info_bytes", "render", "to_entries", "to_p4info"]
