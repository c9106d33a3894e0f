"""`p4vpc KIND VERB ...` for every kind of resource that an installed plugin brings."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import typer

from controller.commands.options import command, option, sent
from controller.commands.session import Session
from controller.model import PluginResource
from controller.operations import Operation, Verb, kebab, operations, plural
from controller.plugin import Plugin

_HIDDEN = ("account_id",)
_COLUMNS = 6  # of a list, besides the id and the name
_Id = Annotated[str, typer.Argument(help="its id")]


def plugin_apps(plugins: Iterable[Plugin]) -> Iterator[tuple[str, typer.Typer]]:
    """The name and the verbs of each kind."""
    for plugin in plugins:
        for kind in plugin.resources:
            app = typer.Typer(help=inspect.getdoc(kind) or plugin.manifest.summary, no_args_is_help=True)
            app.callback()(lambda: None)
            app.command("list")(_list(kind))
            app.command("describe")(_describe(kind))
            for operation in operations(plugin):
                if operation.kind is kind:
                    app.command(operation.word)(_verb(operation))
            yield kebab(kind), app


def _verb(operation: Operation) -> Callable[..., None]:
    path = plural(operation.kind)
    fields = operation.request.model_fields

    def body(given: dict[str, Any]) -> dict[str, Any]:
        wanted = {name: sent(fields[name], value) for name, value in given.items()}
        return {name: value for name, value in wanted.items() if value is not None}

    def create(session: Session, **given: Any) -> None:
        session.resource(session.client.call("POST", path, body(given))["resource"])

    def modify(session: Session, resource_id: str, **given: Any) -> None:
        session.resource(session.client.call("PATCH", f"{path}/{resource_id}", body(given))["resource"])

    def act(session: Session, resource_id: str, **given: Any) -> None:
        answer = session.client.call("POST", f"{path}/{resource_id}/{operation.word}", body(given))
        session.resource(answer["resource"])

    def delete(session: Session, resource_id: str) -> None:
        answer = session.client.call("DELETE", f"{path}/{resource_id}")
        session.say(f"{resource_id} is deleted (revision {answer['revision']})", answer)

    verbs = {Verb.CREATE: create, Verb.MODIFY: modify, Verb.ACT: act, Verb.DELETE: delete}
    parameters = [_parameter("session", None)]
    if operation.verb is not Verb.CREATE:
        parameters.append(_parameter("resource_id", _Id))
    if operation.verb is not Verb.DELETE:
        parameters += [option(name, field) for name, field in fields.items()]
    return command(verbs[operation.verb], operation.method, operation.summary, parameters)


def _list(kind: type[PluginResource]) -> Callable[..., None]:
    def verb(session: Session, limit: int | None, **filters: str | None) -> None:
        query = {name: value for name, value in filters.items() if value is not None}
        session.resources(session.client.items(plural(kind), query, limit), _columns(kind))

    limit = Annotated[int | None, typer.Option(min=1, help="how many at most")]
    parameters = [_parameter("session", None), _optional("limit", limit)]
    for name in ("name", *kind.INDEXED):
        parameters.append(_optional(name, Annotated[str | None, typer.Option(help="only those with this")]))
    return command(verb, f"list_{kebab(kind)}", f"List the {plural(kind)}.", parameters)


def _describe(kind: type[PluginResource]) -> Callable[..., None]:
    def verb(session: Session, resource_id: str) -> None:
        session.resource(session.client.call("GET", f"{plural(kind)}/{resource_id}")["resource"])

    parameters = [_parameter("session", None), _parameter("resource_id", _Id)]
    return command(verb, f"describe_{kebab(kind)}", f"Show one of the {plural(kind)}.", parameters)


def _columns(kind: type[PluginResource]) -> list[str]:
    own = [field.name for field in dataclasses.fields(kind) if field.name not in ("id", "name", *_HIDDEN)]
    return ["id", "name", *own[:_COLUMNS], "state"]


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, annotation=inspect.Parameter.empty if annotation is None else annotation)


def _optional(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
