"""Options of the command line made from the fields of a request, whatever their types."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from controller.commands.client import ClientError
from controller.commands.session import connected


def option(name: str, field: FieldInfo) -> inspect.Parameter:
    """The option for a field: a flag for bool, repeated for a tuple, JSON for what has fields of its own."""
    kind = _plain(field.annotation)
    is_list = get_origin(kind) in (tuple, list)
    inner = _plain(get_args(kind)[0]) if is_list else kind
    shown: Any = inner if inner in (int, bool, float) else str
    help_text = "a JSON object" if _has_fields(inner) else None
    word = f"--{name.replace('_', '-')}"
    spelt = f"{word}/--no-{word[2:]}" if shown is bool and not is_list else word
    if is_list:
        shown = list[shown]
        help_text = f"{help_text or 'one value'}; can be repeated"
    given = typer.Option(spelt, help=help_text)
    if field.is_required():
        annotation, default = Annotated[shown, given], inspect.Parameter.empty
    else:
        annotation, default = Annotated[shown | None, given], None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def sent(field: FieldInfo, value: Any) -> Any:
    """What goes into the request for an option's value; None for nothing."""
    kind = _plain(field.annotation)
    if isinstance(value, list | tuple):
        inner = _plain(get_args(kind)[0])
        return [_parsed(one) for one in value] if _has_fields(inner) else list(value) or None
    return _parsed(value) if value is not None and _has_fields(kind) else value


def command(
    verb: Callable[..., None], name: str, doc: str, parameters: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """A verb with these parameters and the options that every verb has."""
    verb.__name__, verb.__doc__ = name, doc
    verb.__signature__ = inspect.Signature(list(parameters))  # type: ignore[attr-defined]
    return connected(verb)


def _plain(annotation: Any) -> Any:
    """The annotation without what pydantic checks, and without None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [one for one in get_args(annotation) if one is not type(None)]
        return _plain(rest[0]) if len(rest) == 1 else str
    return annotation


def _has_fields(kind: Any) -> bool:
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ClientError(f"{text!r} is not JSON: {error}") from None
