"""Changes that belong together: made on the model at once, and taken back if anything is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, cast

from controller.errors import RequestError
from controller.model.model import Change, LiveModel, Model
from controller.model.resources import Account, Quotas, Resource, Token, VpcPeeringConnection

_R = TypeVar("_R", bound=Resource)
_ROUNDS = 16  # of followers answering each other's changes


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an account, or the operator, who sees everything and owns hosts and underlay."""

    name: str
    account_id: str = ""

    @property
    def is_operator(self) -> bool:
        """Whether nothing is hidden."""
        return not self.account_id

    def may_see(self, resource: Resource) -> bool:
        """Whether the resource exists for this caller; another account's does not."""
        if self.is_operator:
            return True
        if isinstance(resource, Account):
            return resource.id == self.account_id
        if isinstance(resource, VpcPeeringConnection):
            return self.account_id in (resource.account_id, resource.accepter_account_id)
        return not isinstance(resource, Token) and getattr(resource, "account_id", None) == self.account_id


OPERATOR = Caller("operator")


def find(model: Model, caller: Caller, kind: type[_R], resource_id: str, field: str | None = None) -> _R:
    """The resource if the caller may see it; otherwise RequestError, the same as if there were none."""
    found = model.get(kind, resource_id)
    if found is None or not caller.may_see(found):
        raise RequestError(kind.NOT_FOUND, f"The {kind.__name__} '{resource_id}' does not exist", field)
    return cast(_R, found)


class Follower:
    """Looks at every change before it is committed: what plugins hang on. This one lets everything pass."""

    def changed(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """Makes or removes what goes with the change, or refuses it by RequestError."""


class Transaction:
    """What an action works with. Its changes show in `model` at once; `undo` takes them back."""

    def __init__(self, model: LiveModel, caller: Caller, follower: Follower | None = None) -> None:
        self._live = model
        self._changes: dict[tuple[type[Resource], str], Change] = {}
        self._followed: dict[tuple[type[Resource], str], Resource | None] = {}
        self._follower = follower or Follower()
        self.caller = caller

    @property
    def model(self) -> Model:
        """The region, with the changes made so far."""
        return self._live

    def get(self, kind: type[_R], resource_id: str, field: str | None = None) -> _R:
        """The resource if the caller may see it; RequestError with the kind's NotFound code otherwise."""
        return find(self._live, self.caller, kind, resource_id, field)

    def put(self, resource: _R) -> _R:
        """Creates a resource, or replaces the one with its id."""
        self._apply(Change(self._live.get(type(resource), resource.id), resource))
        return resource

    def delete(self, resource: Resource) -> None:
        """Removes a resource."""
        self._apply(Change(self._live.get(type(resource), resource.id), None))

    def owner(self, account_id: str | None) -> str:
        """The account that gets what is created: the caller's own, or the one that an operator names."""
        if not self.caller.is_operator:
            if account_id not in (None, self.caller.account_id):
                raise RequestError("UnauthorizedOperation", "Only an operator acts for another account", "account_id")
            return self.caller.account_id
        if account_id is None:
            raise RequestError("MissingParameter", "An operator has to say for which account", "account_id")
        return self.get(Account, account_id, "account_id").id

    def require_operator(self) -> None:
        """RequestError UnauthorizedOperation for everybody else."""
        if not self.caller.is_operator:
            raise RequestError("UnauthorizedOperation", "Only an operator may do this")

    def quotas(self, account_id: str) -> Quotas | None:
        """The quotas of an account; None for resources of a description that names no account."""
        account = self._live.table(Account).get(account_id)
        return None if account is None else account.quotas

    def changes(self) -> list[Change]:
        """What is different from the beginning, one change for each resource, with what followers have added."""
        self._follow()
        return self._different()

    def undo(self) -> None:
        """Makes the model what it was."""
        self._live.apply([change.undone() for change in reversed(self._different())])
        self._changes.clear()
        self._followed.clear()

    def _different(self) -> list[Change]:
        return [change for change in self._changes.values() if change.before != change.after]

    def _follow(self) -> None:
        """Shows the follower every change that it has not seen, and those that this makes, until there are none."""
        for _ in range(_ROUNDS):
            unseen = []
            for key, change in self._changes.items():
                seen = self._followed.get(key, change.before)
                if seen != change.after:
                    unseen.append((key, seen, change.after))
            if not unseen:
                return
            for key, before, after in unseen:
                if self._changes[key].after == after:  # else it has changed again meanwhile
                    self._followed[key] = after
                    self._follower.changed(self, before, after)
        raise RequestError("InternalError", "Plugins go on answering each other's changes")

    def _apply(self, change: Change) -> None:
        self._live.apply([change])
        key = (type(change.subject), change.subject.id)
        first = self._changes.get(key)
        self._changes[key] = change if first is None else Change(first.before, change.after)


def account_of(resource: Resource) -> str:
    """The account that a change of this resource concerns; empty for what belongs to the operator."""
    return resource.id if isinstance(resource, Account) else getattr(resource, "account_id", "")
