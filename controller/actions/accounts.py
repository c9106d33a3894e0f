"""Accounts and their bearer tokens: the operator's."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

from controller.actions.common import put, remove
from controller.model import Account, Quotas, Token
from controller.model.ids import new_account_id, new_id
from controller.model.transaction import Transaction


def create_account(tx: Transaction, name: str, quotas: Quotas | None = None) -> Account:
    """An account without anything."""
    tx.require_operator()
    return put(tx, Account(new_account_id(), name, quotas or Quotas()))


def modify_account(
    tx: Transaction, account_id: str, *, name: str | None = None, quotas: Quotas | None = None
) -> Account:
    """Changes what is given; what an account already has stays, even above a lowered quota."""
    tx.require_operator()
    account = tx.get(Account, account_id)
    if name is not None:
        account = replace(account, name=name)
    if quotas is not None:
        account = replace(account, quotas=quotas)
    return put(tx, account)


def delete_account(tx: Transaction, account_id: str) -> None:
    """Removes an account that owns nothing; its tokens go with it."""
    tx.require_operator()
    account = tx.get(Account, account_id)
    for token in tx.model.group(Token, "account", account.id):
        tx.delete(token)
    remove(tx, account)


def create_token(tx: Transaction, account_id: str | None, name: str = "") -> tuple[Token, str]:
    """A token and its secret, which nobody can ask for again; without an account it is an operator's."""
    tx.require_operator()
    owner = "" if account_id is None else tx.get(Account, account_id, "account_id").id
    secret = f"p4vpc_{secrets.token_urlsafe(32)}"
    return put(tx, Token(new_id("token"), digest(secret), owner, name)), secret


def delete_token(tx: Transaction, token_id: str) -> None:
    """Makes a token invalid at once."""
    tx.require_operator()
    remove(tx, tx.get(Token, token_id))


def digest(secret: str) -> str:
    """What is kept of a secret. Secrets have 256 random bits, so one round of SHA-256 cannot be searched through."""
    return hashlib.sha256(secret.encode()).hexdigest()
