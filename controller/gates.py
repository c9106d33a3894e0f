"""The gates of plugins: whether the router runs a plugin at a hook.

A program that a switch has just got skips every plugin, so that one with a table of what is allowed does not drop
everything until its entries are written. A switch that was empty carries no packets yet: its gates are opened before
the first entry is written, so that nothing passes unchecked; those of a switch at work are opened behind the last.
"""

from __future__ import annotations

from finsy.proto import p4i, p4r

GATE_PREFIX = "plugins."  # tables of the loader's glue
OPEN = "open"


def gate_updates(p4info: p4i.P4Info) -> list[p4r.Update]:
    """What opens all gates of a program."""
    actions = {action.preamble.id: action.preamble.name for action in p4info.actions}
    updates = []
    for table in p4info.tables:
        if not table.preamble.name.startswith(GATE_PREFIX):
            continue
        opens = next(ref.id for ref in table.action_refs if actions[ref.id].rpartition(".")[2] == OPEN)
        entry = p4r.TableEntry(table_id=table.preamble.id, is_default_action=True)
        entry.action.action.action_id = opens
        updates.append(p4r.Update(type=p4r.Update.MODIFY, entity=p4r.Entity(table_entry=entry)))
    return updates
