"""Mininet's command line for a region."""

from __future__ import annotations

from mininet.cli import CLI


class RegionConsole(CLI):
    """`INSTANCE COMMAND ...` runs a command in an instance; names of instances in it become their addresses."""

    identchars = CLI.identchars + "-"  # instances may have a hyphen in their names
