"""The table-programming API: plain values in, P4Runtime out. Built on finsy."""

from controller.p4rt import blocking
from controller.p4rt.device import Device
from controller.p4rt.difference import Difference, difference
from controller.p4rt.entry import Entry, Value
from controller.p4rt.errors import FieldError, ProgramError, TableError
from controller.p4rt.program import Program
from controller.p4rt.schema import Schema, TableInfo
from controller.p4rt.session import Batch, Count, Session, connect
from controller.p4rt.switch import SwitchDevice

__all__ = [
    "Batch",
    "Count",
    "Device",
    "Difference",
    "Entry",
    "FieldError",
    "Program",
    "ProgramError",
    "Schema",
    "Session",
    "SwitchDevice",
    "TableError",
    "TableInfo",
    "Value",
    "blocking",
    "connect",
    "difference",
]
