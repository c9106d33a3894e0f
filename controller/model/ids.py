"""Resource ids as AWS writes them: a prefix, a hyphen, 17 hexadecimal digits; accounts are 12 digits."""

from __future__ import annotations

import hashlib
import re
import secrets

PREFIXES = {
    "vpc": "Vpc",
    "subnet": "Subnet",
    "rtb": "RouteTable",
    "pcx": "VpcPeeringConnection",
    "eni": "NetworkInterface",
    "i": "Instance",
    "host": "PhysicalHost",
    "token": "Token",
}

_ID = re.compile(r"^([a-z]+)-[0-9a-f]{17}$")


def stable_id(prefix: str, *names: str) -> str:
    """An id that depends on the names only, so that one region description always gives the same ids."""
    digest = hashlib.sha256("\0".join((prefix, *names)).encode()).hexdigest()
    return f"{prefix}-{digest[:17]}"


def new_id(prefix: str) -> str:
    """An id that nobody has yet."""
    return f"{prefix}-{secrets.token_hex(9)[:17]}"


def new_account_id() -> str:
    """An account number that nobody has yet."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


def kind_of(resource_id: str) -> str | None:
    """The class name behind an id, or None when it is not one of ours."""
    match = _ID.match(resource_id)
    return PREFIXES.get(match[1]) if match else None
