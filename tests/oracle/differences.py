"""Where Linux and we differ on purpose. Each is a switch of the reference: with all of them it judges as Linux does.

So an explanation is executable: a difference at a packet is explained by the switch that turns our verdict there into
the kernel's, and by nothing else.
"""

from __future__ import annotations

from enum import Enum


class Difference(Enum):
    """What Linux does otherwise, and what our way rests on."""

    REASSEMBLES = (
        "Linux keeps the fragments of a datagram until it is complete and judges it whole; a data plane can hold "
        "nothing: the first fragment is judged as a packet, later ones pass behind it, and none before it "
        "(DESIGN 6; FACTS 4.5: deviation from 4787 REQ-14)"
    )
    INVALID_LEAVES_TRACES = (
        "Linux learns from a segment before it calls it INVALID: the numbers of a side not seen before, the kind of a "
        "FIN or RST; with us a dropped packet changes no flow (FACTS 4.3: INVALID is a drop candidate)"
    )
    OWN_SYN_SENT2_TIMEOUT = (
        "Linux has a timeout of its own for a simultaneous open, and no knob for it; ours is that of SYN_SENT "
        "(FACTS 4.3: both 120 s)"
    )

    @property
    def why(self) -> str:
        """The reason, with its source."""
        return self.value


LINUX = frozenset(Difference)
"""All of them: the reference as Linux."""
