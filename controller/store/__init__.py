"""Where the region is kept: every change in one transaction, with who, when, before and after."""

from controller.store.ledger import Committed, Ledger
from controller.store.sqlite import Past, Request, Store

__all__ = ["Committed", "Ledger", "Past", "Request", "Store"]
