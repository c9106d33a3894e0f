"""Builds BMv2 JSON by hand: small programs for tests, with v1model's standard metadata already there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

STANDARD = {
    "ingress_port": 9,
    "egress_spec": 9,
    "egress_port": 9,
    "instance_type": 32,
    "packet_length": 32,
    "enq_timestamp": 32,
    "enq_qdepth": 19,
    "deq_timedelta": 32,
    "deq_qdepth": 19,
    "ingress_global_timestamp": 48,
    "egress_global_timestamp": 48,
    "mcast_grp": 16,
    "egress_rid": 16,
    "checksum_error": 1,
    "parser_error": 32,
    "priority": 3,
    "_padding": 3,
}
INTRINSIC = ("ingress_global_timestamp", "egress_global_timestamp", "mcast_grp", "egress_rid")


def f(name: str) -> dict:
    """A field: "header.field"."""
    header, _, member = name.rpartition(".")
    return {"type": "field", "value": [header, member]}


def n(value: int) -> dict:
    """A constant."""
    return {"type": "hexstr", "value": f"-0x{-value:x}" if value < 0 else f"0x{value:x}"}


def param(index: int) -> dict:
    """An action parameter as a primitive's argument."""
    return {"type": "runtime_data", "value": index}


def h(name: str) -> dict:
    """A header."""
    return {"type": "header", "value": name}


def op(operation: str, left: Any, right: Any = None, **more: Any) -> dict:
    """An operation; one operand only where `right` is not given."""
    if right is None:
        left, right = None, left
    return {"type": "expression", "value": {"op": operation, "left": left, "right": right, **more}}


def expr(inner: dict) -> dict:
    """An expression as p4c wraps it for primitives."""
    return {"type": "expression", "value": inner}


def call(name: str, *args: dict) -> dict:
    """A primitive call."""
    return {"op": name, "parameters": list(args)}


def egress_to(port: int) -> dict:
    """Sends to a port."""
    return call("assign", f("standard_metadata.egress_spec"), n(port))


@dataclass
class Builder:
    """A program under construction."""

    root: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = (
            *("header_types", "headers", "header_stacks", "header_union_types", "header_unions", "header_union_stacks"),
            *("errors", "enums", "parsers", "parse_vsets", "deparsers", "meter_arrays", "counter_arrays"),
            *("register_arrays", "calculations", "learn_lists", "field_lists", "actions", "pipelines", "checksums"),
            *("extern_instances", "field_aliases"),
        )
        self.root = {"__meta__": {"version": [2, 23]}, **{name: [] for name in names}}
        self.header_type("standard_metadata_t", **STANDARD)
        self.header("standard_metadata", "standard_metadata_t", metadata=True)
        self.root["field_aliases"] = [[f"intrinsic_metadata.{x}", ["standard_metadata", x]] for x in INTRINSIC]
        self.states: list[dict] = []
        self.root["parsers"] = [{"name": "parser", "id": 0, "init_state": "start", "parse_states": self.states}]
        self.root["deparsers"] = [{"name": "deparser", "id": 0, "order": []}]
        self.pipelines: dict[str, dict] = {}
        for number, name in enumerate(("ingress", "egress")):
            empty = {"name": name, "id": number, "init_table": None}
            lists = {key: [] for key in ("tables", "conditionals", "action_calls", "action_profiles")}
            self.pipelines[name] = {**empty, **lists}
            self.root["pipelines"].append(self.pipelines[name])
        self.root["errors"] = [
            [name, i]
            for i, name in enumerate(
                (
                    "NoError",
                    "PacketTooShort",
                    "NoMatch",
                    "StackOutOfBounds",
                    "HeaderTooShort",
                    "ParserTimeout",
                    "ParserInvalidArgument",
                )
            )
        ]

    def add(self, kind: str, **values: Any) -> dict:
        """Adds an object to one of the root's arrays, with the next id."""
        item = {"id": len(self.root[kind]), **values}
        self.root[kind].append(item)
        return item

    def header_type(self, name: str, max_length: int | None = None, **fields: int | str | list) -> None:
        """A header type; a width may be "*" or [width, signed, saturating]."""
        listed = [[key, *width] if isinstance(width, list) else [key, width, False] for key, width in fields.items()]
        more = {} if max_length is None else {"max_length": max_length}
        self.add("header_types", name=name, fields=listed, **more)

    def header(self, name: str, kind: str, metadata: bool = False, emit: bool = True) -> int:
        """A header instance, emitted by the deparser unless it is metadata; returns its id."""
        item = self.add("headers", name=name, header_type=kind, metadata=metadata)
        if not metadata and emit and self.root["deparsers"]:
            self.root["deparsers"][0]["order"].append(name)
        return item["id"]

    def stack(self, name: str, kind: str, size: int) -> None:
        """A header stack and its elements."""
        ids = [self.header(f"{name}[{i}]", kind) for i in range(size)]
        self.add("header_stacks", name=name, header_type=kind, header_ids=ids)

    def state(self, name: str, ops: list[dict], key: list[dict] | None = None, **transitions: str | None) -> None:
        """A parser state; transitions `x0800="ip"` for values, `default=...`."""
        cases = []
        for case, target in transitions.items():
            if case == "default":
                cases.append({"type": "default", "value": None, "mask": None, "next_state": target})
            else:
                cases.append({"type": "hexstr", "value": f"0{case}", "mask": None, "next_state": target})
        self.states.append(
            {"name": name, "id": len(self.states), "parser_ops": ops, "transition_key": key or [], "transitions": cases}
        )

    def action(self, name: str, params: dict[str, int], *primitives: dict) -> int:
        """An action; returns its id."""
        data = [{"name": key, "bitwidth": width} for key, width in params.items()]
        return self.add("actions", name=name, runtime_data=data, primitives=list(primitives))["id"]

    def table(
        self,
        pipeline: str,
        name: str,
        keys: list[tuple[str, str]],
        actions: list[int],
        match_type: str = "exact",
        next_: Any = None,
        default: int | None = None,
        default_data: list[str] | None = None,
        **more: Any,
    ) -> dict:
        """A table; keys are (match type, field). The first one begins the pipeline."""
        names = [self.root["actions"][number]["name"] for number in actions]
        follow = next_ if isinstance(next_, dict) else {action: next_ for action in names}
        key = [
            {"match_type": kind, "name": target, "target": f(target)["value"], "mask": None} for kind, target in keys
        ]
        item = {
            "name": name,
            "id": len(self.pipelines["ingress"]["tables"]) + 100 * len(self.pipelines["egress"]["tables"]),
            "match_type": match_type,
            "type": "simple",
            "max_size": 1024,
            "with_counters": False,
            "support_timeout": False,
            "direct_meters": None,
            "key": key,
            "actions": names,
            "action_ids": actions,
            "next_tables": follow,
            **more,
        }
        if default is not None:
            item["default_entry"] = {
                "action_id": default,
                "action_const": False,
                "action_data": default_data or [],
                "action_entry_const": False,
            }
        self.pipelines[pipeline]["tables"].append(item)
        if self.pipelines[pipeline]["init_table"] is None:
            self.pipelines[pipeline]["init_table"] = name
        return item

    def run(self, pipeline: str, name: str, *primitives: dict, next_: str | None = None) -> None:
        """A step of a pipeline that just runs primitives."""
        action = self.action(f"do_{name}", {}, *primitives)
        self.table(pipeline, name, [], [action], next_=next_, default=action)

    def text(self) -> str:
        """The JSON."""
        return json.dumps(self.root)


def extract(name: str) -> dict:
    """Extract a header."""
    return {"op": "extract", "parameters": [{"type": "regular", "value": name}]}


def extract_next(stack: str) -> dict:
    """Extract to the next element of a stack."""
    return {"op": "extract", "parameters": [{"type": "stack", "value": stack}]}
