"""Permits to send: every interface gets one with it, and operators take it away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from controller.model import Model, NetworkInterface, Resource
from controller.plugin import (
    Entry,
    Node,
    Plugin,
    PluginResource,
    RequestError,
    Sample,
    Section,
    Transaction,
    action,
    creates,
    deletes,
    modifies,
    new_id,
    stable_id,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TollPermit(PluginResource):
    """An interface may send; packets count for `number`."""

    NOT_FOUND: ClassVar[str] = "InvalidTollPermitID.NotFound"
    PREFIX: ClassVar[str] = "toll"
    INDEXED: ClassVar[tuple[str, ...]] = ("network_interface_id",)
    NUMBER_BITS: ClassVar[int] = 16

    network_interface_id: str
    number: int
    is_open: bool = True
    tags: tuple[str, ...] = ()


class Tollgate(Plugin):
    """Lets only interfaces with a permit send."""

    resources = (TollPermit,)
    sections = ("toll",)

    @creates(TollPermit)
    def create_toll_permit(
        self, tx: Transaction, *, network_interface_id: str, name: str = "", tags: tuple[str, ...] = ()
    ) -> TollPermit:
        """Lets an interface send."""
        eni = tx.get(NetworkInterface, network_interface_id, "network_interface_id")
        if tx.model.count(TollPermit, "network_interface_id", eni.id):
            raise RequestError("TollPermitAlreadyExists", f"'{eni.id}' has a permit", "network_interface_id")
        return tx.put(self._permit(tx, eni, new_id("toll"), name, tags))

    @modifies(TollPermit)
    def modify_toll_permit(
        self, tx: Transaction, permit: TollPermit, *, name: str | None = None, number: int | None = None
    ) -> TollPermit:
        """Gives a permit another name or number."""
        changed = replace(permit, name=permit.name if name is None else name)
        return tx.put(changed if number is None else replace(changed, number=number))

    @action(TollPermit, "close")
    def close_toll_permit(self, tx: Transaction, permit: TollPermit) -> TollPermit:
        """Holds a permit back."""
        return tx.put(replace(permit, is_open=False))

    @deletes(TollPermit)
    def delete_toll_permit(self, tx: Transaction, permit: TollPermit) -> None:
        """Takes a permit away."""
        tx.delete(permit)

    def on_change(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """A permit comes and goes with its interface."""
        if before is None and isinstance(after, NetworkInterface):
            if not tx.model.count(TollPermit, "network_interface_id", after.id):
                tx.put(self._permit(tx, after, stable_id("toll", after.id), "", ()))
        elif after is None and isinstance(before, NetworkInterface):
            for permit in tx.model.group(TollPermit, "network_interface_id", before.id):
                tx.delete(permit)

    def described(self, model: Model, sections: Iterable[Section]) -> Iterable[TollPermit]:
        """`toll: open` or `toll: closed` in an instance."""
        for section in sections:
            if not isinstance(section.subject, NetworkInterface) or section.content not in ("open", "closed"):
                raise ValueError(f"{section.place}: open or closed, in an instance")
            eni = section.subject
            is_open = section.content == "open"
            yield TollPermit(
                id=stable_id("toll", eni.id), network_interface_id=eni.id, number=eni.number, is_open=is_open
            )

    def entries(self, model: Model, node: Node) -> Iterable[Entry]:
        """One entry for each interface with an open permit."""
        for eni in model.interfaces_on(node.host):
            for permit in model.group(TollPermit, "network_interface_id", eni.id):
                if permit.is_open:
                    yield Entry("tollgate.from_eni.permit", {"eni": eni.number}, "pass", cell=permit.number)

    def metrics(self) -> Iterable[Sample]:
        """A figure to be seen."""
        return [Sample("tollgate_fee", 3.5, {"currency": "none"}, help="What a passage costs.")]

    def _permit(
        self, tx: Transaction, eni: NetworkInterface, permit_id: str, name: str, tags: tuple[str, ...]
    ) -> TollPermit:
        number = tx.model.free_number(TollPermit)
        if number is None:
            raise RequestError("TollPermitLimitExceeded", "There are no more permits")
        return TollPermit(
            id=permit_id,
            network_interface_id=eni.id,
            number=number,
            name=name,
            tags=tags,
            account_id=eni.account_id,
        )
