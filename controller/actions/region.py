"""The settings of the region: the operator's."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from controller.actions.common import put
from controller.model import RegionSettings
from controller.model.transaction import Transaction


def modify_region(
    tx: Transaction,
    *,
    mapping_policy: str | None = None,
    mapping_service: IPv4Address | None = None,
    gateway_host_id: str | None = None,
) -> RegionSettings:
    """Changes what is given; an empty `gateway_host_id` means that there is no gateway."""
    tx.require_operator()
    settings = tx.model.settings
    if mapping_policy is not None:
        settings = replace(settings, mapping_policy=mapping_policy)
    if mapping_service is not None:
        settings = replace(settings, mapping_service=mapping_service)
    if gateway_host_id is not None:
        settings = replace(settings, gateway_host_id=gateway_host_id)
    return put(tx, settings)
