"""The `p4vpc` command. Its verbs come from the packages that are installed, by the entry points `p4vpc.commands`."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import typer


def build(only: str | None = None) -> typer.Typer:
    """The command with every verb that an installed package brings, or with one verb, which starts faster."""
    app = typer.Typer(name="p4vpc", help="A VPC network on programmable data planes.", no_args_is_help=True)
    app.callback()(lambda: None)
    points = entry_points(group="p4vpc.commands")
    wanted = [point for point in points if point.name == only] or points
    for point in sorted(wanted, key=lambda point: point.name):
        verb = point.load()
        if isinstance(verb, typer.Typer):
            app.add_typer(verb, name=point.name)
        else:
            app.command(point.name)(verb)
    if only is None or not any(point.name == only for point in points):
        _add_plugins(app)
    return app


def _add_plugins(app: typer.Typer) -> None:
    """The verbs of the resources that plugins bring."""
    from controller.commands.plugin import installed_plugins
    from controller.commands.plugin_verbs import plugin_apps

    for name, verbs in plugin_apps(installed_plugins()):
        app.add_typer(verbs, name=name)


def main() -> None:
    """Runs the command line."""
    build(next(iter(sys.argv[1:]), None))()


if __name__ == "__main__":
    main()
