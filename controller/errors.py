"""What can go wrong in the controller, in one tree."""

from __future__ import annotations


class ControllerError(Exception):
    """Anything the controller refuses or fails to do; its text is meant for a person."""


class RequestError(ControllerError):
    """A request that the model refuses, with an AWS error code such as `InvalidVpcID.NotFound`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
