"""BMv2 JSON as short text, for assertions."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def show(value: Json | None) -> str:
    """An expression or a parameter."""
    if value is None:
        return "null"
    kind, inner = value["type"], value["value"]
    if kind == "expression":
        return _operation(inner) if "op" in inner else show(inner)
    if kind == "hexstr":
        return str(int(inner, 16))
    if kind == "bool":
        return str(inner).lower()
    if kind in ("local", "runtime_data"):
        return f"arg{inner}"
    if kind == "parameters_vector":
        return f"[{', '.join(show(v) for v in inner)}]"
    return ".".join(str(part) for part in inner) if isinstance(inner, list) else inner


def _operation(value: Json) -> str:
    op = value["op"]
    if op == "?":
        return f"({show(value['cond'])} ? {show(value['left'])} : {show(value['right'])})"
    right = show(value["right"]) if isinstance(value["right"], dict) else str(value["right"])
    if value["left"] is None:
        return f"{op}({right})"
    return f"({show(value['left'])} {op} {right})"


def show_action(action: Json) -> list[str]:
    """One line for each primitive."""
    return [f"{call['op']}({', '.join(show(p) for p in call['parameters'])})" for call in action["primitives"]]


def show_pipeline(program: Json, name: str = "ingress") -> list[str]:
    """The nodes and where they lead, in the order of the graph."""
    pipe = next(p for p in program["pipelines"] if p["name"] == name)
    nodes = {n["name"]: n for key in ("tables", "conditionals", "action_calls") for n in pipe[key]}
    lines: list[str] = []
    waiting = [pipe["init_table"]]
    seen: set[str | None] = {None}
    while waiting:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        node = nodes[current]
        targets = _targets(node)
        lines.append(f"{current}: " + ", ".join(f"{how} -> {to or 'end'}" for how, to in targets.items()))
        waiting += targets.values()
    return lines


def _targets(node: Json) -> dict[str, Any]:
    if "next_tables" in node:
        return node["next_tables"]
    if "expression" in node:
        return {show(node["expression"]): node["true_next"], "else": node["false_next"]}
    return {"": node["next_node"]}


def action_named(program: Json, name: str) -> Json:
    """The action of that name."""
    return next(a for a in program["actions"] if a["name"] == name)
