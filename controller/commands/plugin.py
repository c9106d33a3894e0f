"""`p4vpc plugin`: writes, checks, lists, loads and unloads plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from controller.commands.session import Session, connected
from controller.errors import ControllerError
from controller.loader import PluginError, check_plugins, discover
from controller.loader.installed import OWN_FOLDER, Plugins, plugin_folders
from controller.loader.manifest import Manifest
from controller.loader.objects import instantiate
from controller.loader.template import write_plugin
from controller.programs import SOURCES, compiled

plugin = typer.Typer(help="Write, check, load and unload plugins.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="the plugin's name, which is that of its folder")]


@plugin.command("new")
def new(
    name: Name,
    folder: Annotated[Path, typer.Option(help="where its folder is made")] = OWN_FOLDER,
) -> None:
    """Write a small plugin that works: it compiles, loads, and passes its test."""
    try:
        written = write_plugin(name, folder)
    except ControllerError as error:
        _fail(error)
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(f"check it:  p4vpc plugin check {name}\ntest it:   python -m pytest {written[0].parent}")


@plugin.command("check")
def check(
    names: Annotated[list[str] | None, typer.Argument(help="these plugins together; all without names")] = None,
) -> None:
    """Check plugins as loading does: what they write, whether they go together, whether they compile."""
    try:
        found = _wanted(names)
        check_plugins(found)
        for manifest in found:
            instantiate(manifest)
        for program in sorted({program for manifest in found for program in manifest.programs}):
            if (SOURCES / f"{program}.p4").exists():
                compiled(program, found)
                typer.echo(f"{program} compiles with {', '.join(manifest.name for manifest in found)}")
    except ControllerError as error:
        _fail(error)
    typer.echo(f"{len(found)} plugins are in order")


@plugin.command("list")
@connected
def list_plugins(session: Session) -> None:
    """List the plugins that the controller knows, and whether they are loaded."""
    columns = ("name", "loaded", "hooks", "resources", "summary")
    session.resources(session.client.call("GET", "plugins")["items"], columns)


@plugin.command("load")
@connected
def load(session: Session, name: Name) -> None:
    """Load a plugin into the running routers (operators); again, after its sources have changed."""
    answer = session.client.call("PUT", f"plugins/{name}")
    session.say(_told(answer, "loaded"), answer)


@plugin.command("unload")
@connected
def unload(session: Session, name: Name) -> None:
    """Take a plugin out of the running routers (operators); its resources stay."""
    answer = session.client.call("DELETE", f"plugins/{name}")
    session.say(_told(answer, "unloaded"), answer)


def _told(answer: dict[str, Any], what: str) -> str:
    lines = [f"{answer['plugin']['name']} is {what} (revision {answer['revision']})"]
    for switch in answer["switches"]:
        if switch["state"] == "kept":
            lines.append(f"{switch['name']}: flows, tables and registers were kept")
        else:
            lines.append(f"{switch['name']}: it cannot keep state; all entries were written again, flows are forgotten")
    return "\n".join(lines)


def _wanted(names: list[str] | None) -> list[Manifest]:
    """The plugins of these names with those that they need, or all."""
    if not names:
        return discover(*plugin_folders())
    broken: list[PluginError] = []
    known = {manifest.name: manifest for manifest in discover(*plugin_folders(), broken=broken)}
    found: dict[str, Manifest] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        for error in broken:
            if error.path.parent.name == name:
                raise error
        if name not in known:
            raise PluginError(plugin_folders()[0], None, f"no plugin is called {name} (there are {', '.join(known)})")
        if name not in found:
            found[name] = known[name]
            waiting += found[name].needs
    return [found[name] for name in sorted(found)]


def _fail(error: ControllerError) -> NoReturn:
    typer.echo(f"p4vpc: {error}", err=True)
    raise typer.Exit(1) from None


def installed_plugins() -> Plugins:
    """The plugins whose verbs the command line has; one that is broken is left out, and said so."""
    found = Plugins.installed()
    for error in found.broken:
        typer.echo(f"p4vpc: {error}", err=True)
    return found
