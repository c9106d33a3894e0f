"""What all actions share: putting with a check, removing with a check, quotas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from controller.errors import RequestError
from controller.model import Quotas, Resource
from controller.model.rules import check, check_gone
from controller.model.transaction import Transaction

_R = TypeVar("_R", bound=Resource)


def put(tx: Transaction, resource: _R) -> _R:
    """Creates or replaces the resource, if the rules allow it."""
    tx.put(resource)
    check(tx.model, resource)
    return resource


def remove(tx: Transaction, resource: Resource) -> None:
    """Removes the resource, if nothing needs it."""
    tx.delete(resource)
    check_gone(tx.model, resource)


def within_quota(tx: Transaction, account_id: str, code: str, have: int, quota: Callable[[Quotas], int]) -> None:
    """RequestError when the account has as many as it may."""
    quotas = tx.quotas(account_id)
    if quotas is not None and have >= quota(quotas):
        raise RequestError(code, f"The account may have {quota(quotas)} and has {have}")


def number(free: int | None, code: str) -> int:
    """The number that the model found, or RequestError when all are taken."""
    if free is None:
        raise RequestError(code, "All numbers of the data plane are taken")
    return free
