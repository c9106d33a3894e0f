"""Whether a plugin's P4 writes what its plugin.toml declares, and nothing else.

Only what belongs to everybody counts: the headers, the router's metadata, the standard metadata. A plugin's own
metadata, headers, local variables, registers and counters are its own affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from controller.loader.errors import PluginError
from controller.loader.manifest import Hook, Manifest
from controller.loader.source import Declaration, Token, declarations

ROLES: Mapping[str, str] = {"headers_t": "hdr", "metadata_t": "meta", "standard_metadata_t": "std"}

_WRITING_METHODS = ("setValid", "setInvalid", "push_front", "pop_front")
_READING = ("isValid", "count", "verify", "digest", "minSizeInBits", "minSizeInBytes", "write", "emit", "lookahead")
_FIRST_OUT = ("read", "hash", "random")  # their first argument gets the result
_VERDICT = "drop"


@dataclass(frozen=True, slots=True)
class Write:
    """A place in a plugin's P4 that changes something of everybody's; `drop` is the verdict."""

    target: str
    path: Path
    line: int


@dataclass
class _Call:
    """Parentheses that are open, and what stands before them."""

    name: str
    argument: int = 0


def check_writes(plugin: Manifest) -> None:
    """PluginError with file and line for the first write that no hook's declaration allows."""
    blocks = {block.name: block for path in plugin.sources() for block in declarations(path)}
    _check_names(plugin, blocks.values())
    for hook in plugin.hooks:
        for write in writes(blocks, f"{plugin.name}_{hook.point}"):
            _check(plugin, hook, write)
    for branch in plugin.branches:
        if branch.parser not in blocks:
            line = plugin.line_of(branch.parser, "[[parser]]")
            raise PluginError(plugin.path, line, f"no parser of the plugin is called {branch.parser}")
        for write in writes(blocks, branch.parser):
            if not _is_own(plugin, write):
                text = f"writes {write.target}; a parser of a plugin fills the plugin's own headers only"
                raise PluginError(write.path, write.line, text)


def writes(blocks: Mapping[str, Declaration], control: str) -> Iterator[Write]:
    """What a control and everything that it uses of its own folder writes."""
    waiting, seen = [control], {control}
    while waiting:
        block = blocks.get(waiting.pop())
        if block is None or not block.body:
            continue
        yield from _writes_of(block, blocks)
        for before, token in pairwise((Token("{", block.line), *block.body)):
            if before.text != "." and token.text in blocks and token.text not in seen:
                seen.add(token.text)
                waiting.append(token.text)


def _check(plugin: Manifest, hook: Hook, write: Write) -> None:
    where = f"at {hook.name}"
    if write.target == _VERDICT:
        if not hook.verdict:
            text = f"calls drop() {where}, and plugin.toml does not say `verdict = true` there"
            raise PluginError(write.path, write.line, text)
        return
    if write.target == "mark_to_drop":
        raise PluginError(write.path, write.line, "calls mark_to_drop; packets are dropped by drop(meta, reason)")
    if _is_own(plugin, write):
        return
    if not any(covers(declared, write.target) for declared in (*hook.exclusive, *hook.shared)):
        line = plugin.line_of(hook.name)
        text = f"writes {write.target} {where}, which {plugin.path}:{line} does not declare (exclusive or shared)"
        raise PluginError(write.path, write.line, text)


def _is_own(plugin: Manifest, write: Write) -> bool:
    return any(covers(f"hdr.{header}", write.target) for header in plugin.headers)


def covers(declared: str, target: str) -> bool:
    """Whether a declared name is what is written, or holds it."""
    return target == declared or target.startswith(f"{declared}.")


def _check_names(plugin: Manifest, blocks: Iterable[Declaration]) -> None:
    for block in blocks:
        if not block.name.lower().startswith(f"{plugin.name}_"):
            text = f"{block.name} is declared for all plugins to see; its name must begin with {plugin.name}_"
            raise PluginError(block.path, block.line, text)


def _writes_of(block: Declaration, blocks: Mapping[str, Declaration]) -> Iterator[Write]:
    roles = {one.name: ROLES[one.type] for one in block.parameters if one.type in ROLES}
    body = block.body
    calls: list[_Call | None] = []
    for at, token in enumerate(body):
        if token.text == "(":
            calls.append(_Call(_callee(body, at)))
        elif token.text in "{[":
            calls.append(None)
        elif token.text in ")}]" and calls:
            calls.pop()
        elif token.text == "," and calls and calls[-1] is not None:
            calls[-1].argument += 1
        elif token.text in roles and (at == 0 or body[at - 1].text != "."):
            call = calls[-1] if calls else None
            yield from _write(block, at, roles[token.text], call, blocks)
        if token.text == _VERDICT and at + 1 < len(body) and body[at + 1].text == "(" and body[at - 1].text != ".":
            yield Write(_VERDICT, block.path, token.line)
        if token.text == "mark_to_drop":
            yield Write("mark_to_drop", block.path, token.line)


def _write(
    block: Declaration, at: int, role: str, call: _Call | None, blocks: Mapping[str, Declaration]
) -> Iterator[Write]:
    body = block.body
    parts, end = _chain(body, at)
    follower = body[end].text if end < len(body) else ""
    line = body[at].line
    if parts and parts[-1] in _WRITING_METHODS and follower == "(":
        yield Write(".".join([role, *parts[:-1]]), block.path, line)
    elif follower == "=" or (
        parts and call is not None and _is_argument(body, at, follower) and _gives_back(call, blocks)
    ):
        yield Write(".".join([role, *parts]), block.path, line)


def _is_argument(body: Sequence[Token], at: int, follower: str) -> bool:
    return follower in (",", ")") and body[at - 1].text in ("(", ",")


def _chain(body: Sequence[Token], at: int) -> tuple[list[str], int]:
    """The members behind a name, and the index behind them; indices and slices are passed over."""
    parts: list[str] = []
    at += 1
    while at < len(body):
        if body[at].text == "." and at + 1 < len(body):
            parts.append(body[at + 1].text)
            at += 2
        elif body[at].text == "[":
            depth = 0
            while at < len(body):
                depth += {"[": 1, "]": -1}.get(body[at].text, 0)
                at += 1
                if depth == 0:
                    break
        else:
            break
    return parts, at


def _callee(body: Sequence[Token], opening: int) -> str:
    """The name before a parenthesis: of a function, or of a method."""
    at = opening - 1
    if at >= 0 and body[at].text == ">":  # type arguments
        while at >= 0 and body[at].text != "<":
            at -= 1
        at -= 1
    return body[at].text if at >= 0 and body[at].is_word else ""


def _gives_back(call: _Call | None, blocks: Mapping[str, Declaration]) -> bool:
    """Whether a call may change the argument that it is at; one that is not known may."""
    if call is None or call.name in ("", "if", "switch", "return", "transition", "select", _VERDICT, *_READING):
        return False
    if call.name in _FIRST_OUT:
        return call.argument == 0
    if call.name == "execute_meter":
        return call.argument == 1
    block = blocks.get(call.name)
    if block is not None and call.argument < len(block.parameters):
        return block.parameters[call.argument].direction in ("out", "inout")
    return True
