"""The table: on the terminal, and as markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.row import Row

Sections = Mapping[str, Sequence[Row]]
COLUMNS = ("what", "value", "ratio", "goal", "met", "note")
VERDICTS = {True: "yes", False: "NO", None: ""}
COLOURS = {"yes": "[green]yes[/]", "NO": "[red]NO[/]", "": ""}


def cells(row: Row) -> tuple[str, ...]:
    """A row as text, one cell for each of COLUMNS."""
    value = "-" if row.value is None else f"{number(row.value)} {row.unit}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    goal = "" if row.goal is None else row.goal.text(row.unit)
    return (row.name, value, ratio, goal, VERDICTS[row.met], row.note)


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 4
    return f"{value:,.{digits}f}"


def show(console: Console, title: str, rows: Sequence[Row]) -> None:
    """Prints the rows of one bench."""
    console.print(f"\n{title}", style="bold", highlight=False, markup=False)
    table = Table()
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("value", "ratio") else "left")
    for row in rows:
        name, value, ratio, goal, met, note = (escape(cell) for cell in cells(row))
        table.add_row(name, value, ratio, goal, COLOURS[met], note)
    console.print(table)


def markdown(machine: Mapping[str, str], sections: Sections) -> str:
    """Machine and all rows as a markdown page."""
    lines = ["# Measurements", "", *(f"- {name}: {value}" for name, value in machine.items())]
    for title, rows in sections.items():
        lines += ["", f"## {title}", "", _line(COLUMNS), _line(["---"] * len(COLUMNS))]
        lines += [_line(cells(row)) for row in rows]
    return "\n".join(lines) + "\n"


def write(path: Path, machine: Mapping[str, str], sections: Sections) -> None:
    """Writes the markdown page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(machine, sections))


def _line(words: Sequence[str]) -> str:
    return "| " + " | ".join(word.replace("|", "\\|").replace("\n", " ") for word in words) + " |"
