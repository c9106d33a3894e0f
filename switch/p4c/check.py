"""The checker: names, types, constants and everything else that makes a program wrong.

`check` walks the program once, from top to bottom, and fills in the "checker:" fields of the tree. A declaration is
checked before its name enters the scope, so that every use comes after its declaration; only parser states see each
other. Expressions are checked bottom-up (check_exprs, check_members, check_calls) and then converted to the type that
their place wants (convert). Generic declarations are checked once, with their parameters as opaque types (generics,
unify).
"""

from __future__ import annotations

from switch.p4c import (
    check_blocks,
    check_calls,
    check_decls,
    check_exprs,
    check_members,
    check_operators,
    check_parts,
    check_tables,
    tree,
)
from switch.p4c.architecture import check_architecture
from switch.p4c.check_stmts import check_decl
from switch.p4c.context import Checked, Context
from switch.p4c.control_names import check_action_names
from switch.p4c.source import Diagnostics
from switch.p4c.typesys import BlockType
from switch.p4c.uninitialized import check_uninitialized
from switch.p4c.unused import check_unused

_EXPRS = (
    check_exprs.HANDLERS
    | check_operators.HANDLERS
    | check_parts.HANDLERS
    | check_members.HANDLERS
    | check_calls.HANDLERS
    | check_blocks.EXPR_HANDLERS
)
_DECLS = check_decls.HANDLERS | check_blocks.HANDLERS | check_tables.HANDLERS


def check(program: tree.Program, diagnostics: Diagnostics, *, p4info: bool = True) -> Checked:
    """Checks and annotates the program. The result is good for later phases only if there are no errors.

    With `p4info`, actions must have distinct names for the control plane.
    """
    cx = Context(program, diagnostics, _EXPRS, _DECLS)
    for decl in program.decls:
        check_decl(cx, decl)
    if p4info:
        check_action_names(cx, program)
    check_architecture(cx, program)
    if not diagnostics.errors:
        check_unused(cx, program)
        check_uninitialized(cx, program)
    checked = cx.checked
    checked.errors = list(cx.error_members)
    checked.match_kinds = list(cx.match_kind_members)
    checked.main = _main(program)
    return checked


def _main(program: tree.Program) -> tree.Instantiation | None:
    for decl in program.decls:
        if isinstance(decl, tree.Instantiation) and decl.name == "main" and isinstance(decl.type, BlockType):
            return decl
    return None
