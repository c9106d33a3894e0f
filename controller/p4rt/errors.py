"""Errors of the table-programming API: they name the table, the field, the value and what is allowed."""

from __future__ import annotations

from controller.errors import ControllerError


class ProgramError(ControllerError):
    """A P4 program's files are missing or unreadable."""


class TableError(ControllerError):
    """A table, action or field that the program does not have, or a write that the switch refused."""


class FieldError(TableError):
    """A value that does not fit its match field or action parameter."""

    def __init__(self, table: str, field: str, value: object, allowed: str) -> None:
        super().__init__(f"table {table}: {field} = {value!r} does not fit: {allowed}")
        self.table = table
        self.field = field
        self.value = value
        self.allowed = allowed
