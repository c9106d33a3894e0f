"""The mapping service: who hosts (VPC, address), told to whom asks, and to all who were told when it changes."""

from controller.mapping.protocol import Kind, Message, MessageError
from controller.mapping.pushes import Change
from controller.mapping.service import MappingService, Outgoing, Settings
from controller.mapping.table import Mapping

__all__ = ["Change", "Kind", "Mapping", "MappingService", "Message", "MessageError", "Outgoing", "Settings"]
