"""Exit in the action of a table that several activations share: each must copy out its own arguments.

The action is there once, so it can only set a flag; every apply of a table of that control is followed by a test of it.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.arguments import copy_out_all
from switch.p4c.midend.assign import assign
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import pure
from switch.p4c.midend.frame import Frame


def needs_flag(action: Frame) -> bool:
    """Whether what exit must copy out depends on the activation that the action runs in."""
    frame = action.caller
    while frame is not None:
        if frame.shared and frame.copies:
            return True
        frame = frame.caller
    return False


def exit_flag(body: Body, action: Frame) -> v.Val:
    """The flag of the control that the action belongs to."""
    control = action.caller
    key = ("exit flag", control)
    if key not in body.context.cache:
        name = f"{action.path}.exits" if action.path else "exits"
        body.context.cache[key] = body.context.storage.scalar(ts.BOOL, name)
    flag = body.context.cache[key]
    assert isinstance(flag, v.Scalar)
    return flag


def flag_of(body: Body, control: Frame) -> v.Scalar | None:
    """The flag, if an action of the control may set it."""
    flag = body.context.cache.get(("exit flag", control))
    return flag if isinstance(flag, v.Scalar) else None


def guarded(body: Body, run: v.TableRun, flag: v.Scalar) -> None:
    """Clears the flag before the apply statement, which is the last so far, and tests it behind."""
    with body.block() as before:
        assign(body, flag, v.boolean(fold.truth(False)))
    body.out[-1:-1] = before
    with body.block() as ends:
        copy_out_all(body)
        body.emit(ir.Exit())
    run.guard = [ir.If(pure(body, flag, body.span), ends, span=body.span)]
    body.out.extend(run.guard)


def take_guard(body: Body, run: v.TableRun) -> Callable[[], list[ir.Stmt]]:
    """Takes the test away from behind the apply statement; the result makes one for the start of each branch."""
    guard = run.guard
    if guard:
        del body.out[-len(guard) :]
    return lambda: deepcopy(guard)
