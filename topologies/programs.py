"""The project's P4 programs, compiled once for each content (`controller.programs`)."""

from __future__ import annotations

from controller.programs import ROOT, SOURCES, compiled

__all__ = ["ROOT", "SOURCES", "compiled"]
