"""From a Program to one C translation unit."""

from .unit import Unit, generate

__all__ = ["Unit", "generate"]
