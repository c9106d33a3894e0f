"""The `p4vpc` command. Its verbs come from the packages that are installed, by the entry points `p4vpc.commands`."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer


def build() -> typer.Typer:
    """The command with every verb that an installed package brings."""
    app = typer.Typer(name="p4vpc", help="A VPC network on programmable data planes.", no_args_is_help=True)
    app.callback()(lambda: None)
    for point in sorted(entry_points(group="p4vpc.commands"), key=lambda point: point.name):
        app.command(point.name)(point.load())
    return app


def main() -> None:
    """Runs the command line."""
    build()()


if __name__ == "__main__":
    main()
