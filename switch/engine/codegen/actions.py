"""Actions as C functions, and the structs their parameters lie in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..program.actions import ActionSpec, ParamSpec, PrimitiveCall
from ..program.expressions import Sort, Unary, sort_of
from .expressions import Expressions, Locals
from .layout import Layout
from .names import Temporaries
from .numbers import is_wide, storage_bytes, storage_type
from .primitives import ENDS, Primitives, jump_target
from .register_groups import indexes_of
from .writer import Writer, comment, identifier

if TYPE_CHECKING:
    from .unit import Names

SOON = 2  # primitives: a row that is used so soon need not be fetched before


def param_offsets(params: tuple[ParamSpec, ...]) -> tuple[list[int], int]:
    """The byte offset of each parameter in the native struct, and the struct's size."""
    offsets: list[int] = []
    at = 0
    for param in params:
        size = storage_bytes(param.width)
        align = min(size, 8)
        at = (at + align - 1) // align * align
        offsets.append(at)
        at += size
    return offsets, (at + 7) // 8 * 8


class ActionCode:
    """Writes actions."""

    def __init__(self, out: Writer, layout: Layout, names: Names, temporaries: Mapping[int, Temporaries]) -> None:
        self._out = out
        self._layout = layout
        self._names = names
        self._temporaries = temporaries

    def write(self, action: ActionSpec) -> None:
        """Writes the struct and the function of one action."""
        name = self._names.action(action)
        self._out.line(comment(f"action {action.name}"))
        with self._out.block(f"typedef struct {name}_data", f" {name}_data_t;"):
            for index, param in enumerate(action.params):
                self._out.line(_declare(f"p{index}", param.width))
            self._out.line("uint8_t end[0];")
        self._out.line()
        texts = tuple(f"d->p{index}" for index in range(len(action.params)))
        own = self._temporaries.get(action.id, {})
        variables = {field: identifier("v", index, field) for index, field in enumerate(own)}
        local = Locals(texts, tuple(param.width for param in action.params), variables)
        with self._out.block(f"static inline void {name}(p4_context_t *c, const {name}_data_t *d)"):
            for field, spec in own.items():
                self._out.line(_declare(variables[field], spec.width).replace(";", " = {0};", 1))
            self.write_body(action.primitives, local)
        self._out.line()

    def write_body(self, primitives: tuple[PrimitiveCall, ...], local: Locals) -> None:
        """Writes primitives one after the other, with labels for jumps."""
        self._out.line("p4_phv_t *phv = &c->phv;")
        self._out.line("(void)phv;")
        code = Expressions(self._out, self._layout, self._names.registers, local)
        writer = Primitives(code, self._names)
        targets = {target for call in primitives if (target := jump_target(call)) is not None}
        for index, call in enumerate(primitives):
            if index in targets:
                self._out.label(f"step{index}")
            target = jump_target(call)
            if target is None:
                writer.write(call, indexes_of(primitives[index + 1 : index + 1 + SOON]))
            else:
                self._jump(code, call, index, target)
        if len(primitives) in targets:
            self._out.label(f"step{len(primitives)}")

    def _jump(self, code: Expressions, call: PrimitiveCall, index: int, target: int) -> None:
        with self._out.block():
            condition = "true"
            if call.op == "_jump_if_zero":
                test = call.args[0]
                truth = test if sort_of(test) is Sort.BOOL else Unary("d2b", test)  # type: ignore[arg-type]
                condition = f"!{code.truth(truth)}"  # type: ignore[arg-type]
            back = "if (p4_too_many(c)) return; " if target <= index else ""
            self._out.line(f"if ({condition}) {{ {back}goto step{target}; }}")


def _declare(name: str, width: int) -> str:
    if is_wide(width):
        return f"uint64_t {name}[{storage_bytes(width) // 8}]; /* {width} bits */"
    return f"{storage_type(width)} {name}; /* {width} bits */"


def ends_of(primitives: tuple[PrimitiveCall, ...]) -> list[str]:
    """The context flags that may say, after these primitives, that the pipeline is over."""
    flags = {ENDS[call.op] for call in primitives if call.op in ENDS}
    for index, call in enumerate(primitives):
        target = jump_target(call)
        if target is not None and target <= index:
            flags.add("looped")
    return sorted(flags)
