"""A region in memory for tests: accounts, hosts, and a transaction that is committed or taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import TypeVar

from controller.actions.accounts import create_account
from controller.actions.hosts import create_host
from controller.actions.subnets import create_subnet
from controller.actions.vpcs import create_vpc
from controller.model import Account, LiveModel, Model, Quotas, Subnet, Vpc
from controller.model.rules import check
from controller.model.transaction import OPERATOR, Caller, Transaction

_T = TypeVar("_T")


class World:
    """A live model with two accounts and two hosts, and actions on it that are all or nothing."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        self.live = LiveModel()
        self.accounts = [self.operator(create_account, name, quotas) for name in ("blue", "red")]
        self.callers = [Caller(account.name, account.id) for account in self.accounts]
        for index, name in enumerate(("alpha", "beta"), start=1):
            self.operator(create_host, name, IPv4Address(f"172.31.0.{index}"))

    @property
    def model(self) -> Model:
        return self.live

    @property
    def blue(self) -> Account:
        return self.accounts[0]

    def operator(self, action: Callable[..., _T], *args: object, **more: object) -> _T:
        """Runs an action as the operator."""
        with self.transaction(OPERATOR) as tx:
            return action(tx, *args, **more)

    def tenant(self, action: Callable[..., _T], *args: object, **more: object) -> _T:
        """Runs an action as the first account."""
        with self.transaction(self.callers[0]) as tx:
            return action(tx, *args, **more)

    def neighbour(self, action: Callable[..., _T], *args: object, **more: object) -> _T:
        """Runs an action as the second account."""
        with self.transaction(self.callers[1]) as tx:
            return action(tx, *args, **more)

    @contextmanager
    def transaction(self, caller: Caller) -> Iterator[Transaction]:
        """A transaction on the model; what the block refuses is taken back."""
        tx = Transaction(self.live, caller)
        try:
            yield tx
        except BaseException:
            tx.undo()
            raise

    def vpc(self, block: str = "10.0.0.0/16", ipv6: str | None = None) -> Vpc:
        """A VPC of the first account."""
        return self.tenant(create_vpc, IPv4Network(block), ipv6_cidr_block=IPv6Network(ipv6) if ipv6 else None)

    def subnet(self, vpc: Vpc, block: str = "10.0.1.0/24", ipv6: str | None = None) -> Subnet:
        """A subnet of it."""
        return self.tenant(
            create_subnet, vpc.id, IPv4Network(block), ipv6_cidr_block=IPv6Network(ipv6) if ipv6 else None
        )

    def check_everything(self) -> None:
        """Every rule holds for every resource, and the indices are those of a model made anew."""
        for resource in self.live.resources():
            check(self.live, resource)
        assert LiveModel(self.live.resources()) == self.live
