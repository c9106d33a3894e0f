"""Register arrays: the one place that knows how cells lie in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..program.expressions import FieldRef, RegisterSpec
from ..program.program import Program
from .numbers import is_wide, storage_bytes, storage_type
from .register_groups import LINE, Group, group_registers, index_key

if TYPE_CHECKING:
    from .expressions import Expressions

WORTH_BYTES = 256 << 10  # smaller groups stay in a cache by themselves
MOST_LINES = 4


class Registers:
    """Access to register cells, which lie in the rows of their groups in native form."""

    def __init__(self, program: Program) -> None:
        self.arrays = program.externs.registers
        self._index = {name: index for index, name in enumerate(self.arrays)}
        self.groups, self.places = group_registers(program)

    def stride(self, array: RegisterSpec) -> int:
        """Bytes from a cell to the next one."""
        return self.groups[self.places[array.name].group].stride

    def cell(self, array: RegisterSpec, index: str) -> str:
        """The C lvalue (or pointer to words) of a cell; `index` is within bounds."""
        at = f"((uint8_t *)c->engine->registers[{self._index[array.name]}] + {index} * {self.stride(array)}u)"
        if is_wide(array.width):
            return f"((uint64_t *)(void *){at})"
        return f"(*({storage_type(array.width)} *)(void *){at})"

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

    def prefetch(self, code: Expressions, index: FieldRef) -> None:
        """Fetches the rows that the number just stored in a field will be the index of."""
        key = index_key(index)
        for group in self.groups:
            if key in group.uses and group.size * group.stride >= WORTH_BYTES:
                self._fetch(code, group, code.index(index))

    def _fetch(self, code: Expressions, group: Group, value: str) -> None:
        first = self._index[min((a.name for a in group.arrays), key=lambda name: self.places[name].offset)]
        at = code.out.fresh("i")
        code.out.line(f"uint64_t {at} = {value};")
        row = f"(const uint8_t *)c->engine->registers[{first}] + {at} * {group.stride}u"
        with code.out.block(f"if ({at} < {group.size}u)"):
            for line in range(min((group.stride + LINE - 1) // LINE, MOST_LINES)):
                code.out.line(f"__builtin_prefetch({row} + {line * LINE}, 1);")
            if LINE % group.stride and group.stride < LINE:  # a row may lie in two lines
                code.out.line(f"__builtin_prefetch({row} + {group.stride - 1}, 1);")
