"""The running controller: keeps all switches at their plans, and the mapping service at the region."""

from controller.service.lab import QUESTIONS_SESSION, Controller
from controller.service.service import Options, Service

__all__ = ["QUESTIONS_SESSION", "Controller", "Options", "Service"]
