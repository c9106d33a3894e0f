"""What a switch tells on its own account, handed to the plugins: packets and digests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import finsy
from finsy.proto import p4i, p4r

from controller.p4rt import Schema, SwitchDevice, TableError
from controller.plugin import Digest, Node, Packet, Plugin

_log = logging.getLogger(__name__)
_DIGESTS = {"max_list_size": 100, "max_timeout_ns": 10**8, "ack_timeout_ns": 10**9}


def packet_of(message: p4r.StreamMessageResponse, schema: Schema) -> Packet:
    """A packet-in as plugins see it."""
    found = finsy.P4PacketIn.decode(message, schema.finsy)
    return Packet(found.payload, found.metadata)


def digest_of(message: p4r.StreamMessageResponse, info: p4i.P4Info, schema: Schema) -> Digest:
    """A list of digests as plugins see it."""
    found = finsy.P4DigestList.decode(message, schema.finsy)
    name = next(one.preamble.name for one in info.digests if one.preamble.id == message.digest.digest_id)
    return Digest(name, tuple(row if isinstance(row, dict) else {"value": row} for row in map(_plain, found.data)))


async def listen(device: SwitchDevice, node: Node, info: p4i.P4Info, plugins: Callable[[], Iterable[Plugin]]) -> None:
    """Hands out packets and digests of a switch until its stream ends."""
    schema = Schema(info)
    for digest in info.digests:
        await _ask_for(device, digest.preamble.id)
    await asyncio.gather(_packets(device, node, schema, plugins), _digests(device, node, info, schema, plugins))


async def guarded(plugin: Plugin, work: Awaitable[Any]) -> None:
    """Waits for what a plugin does; what it raises is logged and harms nobody else."""
    try:
        await work
    except asyncio.CancelledError:
        raise
    except Exception:
        _log.exception("plugin_failed name=%s", plugin.name)


async def _packets(device: SwitchDevice, node: Node, schema: Schema, plugins: Callable[[], Iterable[Plugin]]) -> None:
    async for message in device.messages("packet"):
        packet = packet_of(message, schema)
        for plugin in plugins():
            await guarded(plugin, plugin.on_packet_in(node, packet))


async def _digests(
    device: SwitchDevice, node: Node, info: p4i.P4Info, schema: Schema, plugins: Callable[[], Iterable[Plugin]]
) -> None:
    async for message in device.messages("digest"):
        digest = digest_of(message, info, schema)
        for plugin in plugins():
            if digest.name.startswith(f"{plugin.name}_"):
                await guarded(plugin, plugin.on_digest(node, digest))
        ack = p4r.DigestListAck(digest_id=message.digest.digest_id, list_id=message.digest.list_id)
        await device.send(p4r.StreamMessageRequest(digest_ack=ack))


async def _ask_for(device: SwitchDevice, digest_id: int) -> None:
    """Makes the switch send a digest; it may do so already."""
    entry = p4r.DigestEntry(digest_id=digest_id, config=p4r.DigestEntry.Config(**_DIGESTS))
    for kind in (p4r.Update.INSERT, p4r.Update.MODIFY):
        try:
            await device.write([p4r.Update(type=kind, entity=p4r.Entity(digest_entry=entry))])
        except TableError as error:
            refusal = str(error)
        else:
            return
    _log.warning("digest_refused host=%s error=%r", device.name, refusal)


def _plain(row: Any) -> Any:
    return dict(row) if isinstance(row, dict) else row
