"""The order of plugins at a hook: `after` and `before`, and names where those leave a choice."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from controller.loader.errors import PluginError
from controller.loader.manifest import Manifest


def in_order(plugins: Sequence[Manifest], hook: str) -> list[Manifest]:
    """The plugins that attach at a hook, in the order in which they run; PluginError when the wishes form a circle.

    A name in `after` or `before` that is not loaded has no effect.
    """
    present = {plugin.name: plugin for plugin in plugins if plugin.hook(hook) is not None}
    earlier: dict[str, set[str]] = {name: set() for name in sorted(present)}
    for name, plugin in present.items():
        wish = plugin.hook(hook)
        assert wish is not None
        earlier[name].update(other for other in wish.after if other in present)
        for other in wish.before:
            if other in present:
                earlier[other].add(name)
    sorter = TopologicalSorter(earlier)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        first = present[error.args[1][0]]
        raise PluginError(first.path, first.line_of(hook), f"at {hook} each waits for the next: {circle}") from None
    order: list[Manifest] = []
    while sorter.is_active():
        for name in sorted(sorter.get_ready()):
            order.append(present[name])
            sorter.done(name)
    return order
