"""Errors as P4Runtime wants them: a canonical code, words, and one detail per update of a batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

from finsy.proto import p4r, rpc_status

ERROR_SPACE = "p4vpc-v1model"


class Code(IntEnum):
    """The canonical codes of gRPC."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class P4RuntimeError(Exception):
    """A request, or one update of it, that was refused.

    `details` has one `p4.v1.Error` per update when the whole batch was looked at, and is empty otherwise.
    """

    def __init__(self, code: Code, message: str, details: Sequence[p4r.Error] = ()):
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"

    def within(self, place: str) -> "P4RuntimeError":
        """The same error with the place where it happened in front of the words."""
        return P4RuntimeError(self.code, f"{place}: {self.message}", self.details)

    def detail(self) -> p4r.Error:
        """This error as the detail of one update."""
        return p4r.Error(canonical_code=int(self.code), message=self.message, space=ERROR_SPACE)

    def status(self) -> rpc_status.Status:
        """This error as the status of a whole RPC."""
        status = rpc_status.Status(code=int(self.code), message=self.message)
        for detail in self.details:
            status.details.add().Pack(detail)
        return status


@contextmanager
def place(words: str) -> Iterator[None]:
    """Puts where it happened in front of the words of an error raised inside."""
    try:
        yield
    except P4RuntimeError as error:
        raise error.within(words) from None


def invalid(message: str) -> P4RuntimeError:
    """INVALID_ARGUMENT: the request can never be right."""
    return P4RuntimeError(Code.INVALID_ARGUMENT, message)


def not_found(message: str) -> P4RuntimeError:
    """NOT_FOUND: what the request names does not exist."""
    return P4RuntimeError(Code.NOT_FOUND, message)


def already_exists(message: str) -> P4RuntimeError:
    """ALREADY_EXISTS: an insert of something that is there."""
    return P4RuntimeError(Code.ALREADY_EXISTS, message)


def denied(message: str) -> P4RuntimeError:
    """PERMISSION_DENIED: not for this client, or not for anybody (const)."""
    return P4RuntimeError(Code.PERMISSION_DENIED, message)


def exhausted(message: str) -> P4RuntimeError:
    """RESOURCE_EXHAUSTED: a table, profile or value set is full."""
    return P4RuntimeError(Code.RESOURCE_EXHAUSTED, message)


def precondition(message: str) -> P4RuntimeError:
    """FAILED_PRECONDITION: right in itself, but not in this state."""
    return P4RuntimeError(Code.FAILED_PRECONDITION, message)


def out_of_range(message: str) -> P4RuntimeError:
    """OUT_OF_RANGE: a value does not fit its width, an index its array."""
    return P4RuntimeError(Code.OUT_OF_RANGE, message)


def unimplemented(message: str) -> P4RuntimeError:
    """UNIMPLEMENTED: defined by P4Runtime, not offered here."""
    return P4RuntimeError(Code.UNIMPLEMENTED, message)


def batch_error(details: Sequence[p4r.Error]) -> P4RuntimeError:
    """The error of a batch in which something failed: UNKNOWN, with one detail per update, in order."""
    failed = [(index, detail) for index, detail in enumerate(details) if detail.canonical_code]
    index, first = failed[0]
    words = f"{len(failed)} of {len(details)} failed; the first is number {index}: {first.message}"
    return P4RuntimeError(Code.UNKNOWN, words, details)
