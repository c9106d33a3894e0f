"""What can go wrong in the controller, in one tree."""

from __future__ import annotations


class ControllerError(Exception):
    """Anything the controller refuses or fails to do; its text is meant for a person."""


class RequestError(ControllerError):
    """A request that the model refuses, with an AWS error code such as `InvalidVpcID.NotFound`.

    `field` names the part of the request that is wrong, where it is one part.
    """

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class StaleChange(ControllerError):
    """A change to a resource that is no longer what the change starts from."""


class CodecError(ControllerError):
    """A document that is not a resource; names the place in it."""


class StoreError(ControllerError):
    """The store cannot be used: it is foreign, damaged, newer than this program, or open elsewhere."""
