"""Register arrays: the one place that knows how cells lie in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..program.expressions import RegisterSpec
from .numbers import is_wide, storage_bytes, storage_type

if TYPE_CHECKING:
    from .expressions import Expressions


class Registers:
    """Access to register cells: each array is by itself, its cells one after the other in native form."""

    def __init__(self, arrays: dict[str, RegisterSpec]) -> None:
        self.arrays = arrays
        self._index = {name: index for index, name in enumerate(arrays)}

    def cell(self, array: RegisterSpec, index: str) -> str:
        """The C lvalue (or pointer to words) of a cell; `index` is within bounds."""
        base = f"c->engine->registers[{self._index[array.name]}]"
        if is_wide(array.width):
            return f"((uint64_t *){base} + {index} * {storage_bytes(array.width) // 8})"
        return f"(({storage_type(array.width)} *){base})[{index}]"

    def load(self, code: Expressions, array: RegisterSpec, index: str) -> str:
        """The number in a cell; 0 beyond the end."""
        out = code.out
        at = out.fresh("i")
        out.line(f"uint64_t {at} = {index};")
        name = out.fresh("r")
        if is_wide(array.width):
            words = storage_bytes(array.width) // 8
            out.line(f"uint64_t {name}[{words}] = {{0}};")
            out.line(f"if ({at} < {array.size}u) memcpy({name}, {self.cell(array, at)}, sizeof {name});")
            return name
        out.line(f"{storage_type(array.width)} {name} = {at} < {array.size}u ? {self.cell(array, at)} : 0;")
        return code.read_storage(name, array.width, signed=False)
