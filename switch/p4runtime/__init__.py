"""P4Runtime: a service over a target (`P4RuntimeService`), and a gRPC server around it (`switch.p4runtime.server`)."""

from switch.p4runtime.errors import Code, P4RuntimeError
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.streams import Stream
from switch.p4runtime.target import Pausable, Target, Verifier

__all__ = ["Code", "P4RuntimeError", "P4RuntimeService", "Pausable", "Stream", "Target", "Verifier"]
