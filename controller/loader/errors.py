"""What can be wrong with a plugin."""

from __future__ import annotations

from pathlib import Path

from controller.errors import ControllerError


class PluginError(ControllerError):
    """A plugin that cannot be loaded; the message begins with file and, where there is one, line."""

    def __init__(self, path: Path, line: int | None, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.path = path
        self.line = line
