"""Checks that belong to v1model rather than to the language."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.context import Context

_OLDEST, _LATEST = 20180101, 20200408


def check_architecture(cx: Context, program: tree.Program) -> None:
    """Reports a version of v1model that does not exist, and a `main` that is no instance."""
    for decl in program.decls:
        if isinstance(decl, tree.ConstDecl) and decl.name == "__v1model_version":
            version = decl.value
            if isinstance(version, int) and not _OLDEST <= version <= _LATEST:
                cx.error(decl, f"there is no version {version} of v1model; the first is {_OLDEST}, the last {_LATEST}")
        elif decl.name == "main" and not isinstance(decl, tree.Instantiation | tree.FunctionDecl):
            cx.error(decl, "'main' must be an instance of a package")
