"""What the controller asks of a switch, however it is reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from finsy.proto import p4r

from controller.p4rt.program import Program


class Device(Protocol):
    """A P4Runtime switch. A real one is reached over gRPC (`SwitchDevice`), those of the lab in process."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    async def set_program(self, program: Program) -> bool:
        """Makes the switch run the program; does nothing when it runs it already.

        Whether tables and registers that fit kept their content; where a switch cannot do that, all are empty.
        """
        ...

    async def verify(self, program: Program) -> None:
        """TableError when the switch could not run the program; changes nothing."""
        ...

    async def write(self, updates: Sequence[p4r.Update]) -> None:
        """Carries out the updates in order; TableError names the first that was refused."""
        ...

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        """Reads entities, wildcards as P4Runtime has them."""
        ...
