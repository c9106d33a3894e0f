"""Formats of log_msg calls: they stay in Python, C only knows their numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A log_msg call's text, with `{}` for each of its values."""

    text: str
    values: int
