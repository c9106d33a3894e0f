"""The finsy client, unchanged, against a running server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import finsy as fy
import pytest

from switch.engine.values import Digest, IdleTimeout
from switch.p4runtime.server import P4RuntimeServer

from .world import DATA, FakeTarget

Script = Callable[[fy.Switch], Awaitable[Any]]


@pytest.fixture
def target() -> FakeTarget:
    return FakeTarget()


@pytest.fixture
def server(target: FakeTarget) -> Iterator[P4RuntimeServer]:
    server = P4RuntimeServer(target, "127.0.0.1:0")
    server.start()
    yield server
    server.stop()


def options(**more: Any) -> fy.SwitchOptions:
    return fy.SwitchOptions(
        p4info=DATA / "everything.p4info.txtpb", p4blob=DATA / "everything.json", device_id=1, **more
    )


def run(server: P4RuntimeServer, script: Script, **more: Any) -> Any:
    """Runs a script as the primary client, with the pipeline pushed by finsy."""

    async def main() -> Any:
        async with fy.Switch("sw1", server.address, options(**more)) as switch:
            return await asyncio.wait_for(script(switch), 20)

    return asyncio.run(main())


async def answers(switch: Any, query: Any) -> list[Any]:
    """All answers to a query."""
    return [entity async for entity in switch.read(query)]


async def one(switch: fy.Switch, query: Any) -> Any:
    """The only answer to a query."""
    (found,) = await answers(switch, query)
    return found


async def same(switch: fy.Switch, query: Any, wanted: Any) -> bool:
    """Whether the only answer to a query means the same as what was written."""
    return (await one(switch, query)).encode(switch.p4info) == wanted.encode(switch.p4info)


def test_finsy_pushes_the_pipeline_and_writes_every_kind_of_match(server: P4RuntimeServer) -> None:
    names = ("smac", "route", "acl")

    async def script(switch: fy.Switch) -> list[bool]:
        entries = [
            fy.P4TableEntry("smac", match=fy.P4TableMatch(mac=1), action=fy.P4TableAction("NoAction")),
            fy.P4TableEntry(
                "route",
                match=fy.P4TableMatch(dst="10.0.0.0/8"),
                action=fy.P4TableAction("route_to", mac=0x0A0B, port=3),
                metadata=b"finsy",
            ),
            fy.P4TableEntry(
                "acl",
                match=fy.P4TableMatch(src="10.0.0.0/&255.0.0.0", len="5...9", proto=6, is_ipv4=1),
                action=fy.P4TableAction("drop"),
                priority=10,
            ),
        ]
        await switch.insert(entries)
        return [await same(switch, fy.P4TableEntry(name), wanted) for name, wanted in zip(names, entries, strict=True)]

    assert run(server, script) == [True, True, True]


def test_finsy_reads_and_writes_counters_registers_and_meters(server: P4RuntimeServer) -> None:
    async def script(switch: fy.Switch) -> tuple[Any, ...]:
        await switch.modify(
            [
                fy.P4CounterEntry("port_counter", index=2, data=fy.P4CounterData(packet_count=5, byte_count=70)),
                fy.P4RegisterEntry("wide", index=1, data=1 << 129),
                fy.P4MeterEntry("punt_meter", index=1, config=fy.P4MeterConfig(cir=1, cburst=2, pir=3, pburst=4)),
            ]
        )
        counter = await one(switch, fy.P4CounterEntry("port_counter", index=2))
        register = await one(switch, fy.P4RegisterEntry("wide", index=1))
        meter = await one(switch, fy.P4MeterEntry("punt_meter", index=1))
        return counter.packet_count, register.data, meter.config.pir

    assert run(server, script) == (5, 1 << 129, 3)


def test_finsy_uses_selectors_groups_and_sessions(server: P4RuntimeServer) -> None:
    async def script(switch: fy.Switch) -> tuple[Any, ...]:
        shared = fy.P4IndirectAction(
            [2 * fy.P4TableAction("forward", port=1), (1, 5) * fy.P4TableAction("forward", port=2)]  # type: ignore[operator]
        )
        entry = fy.P4TableEntry("ecmp", match=fy.P4TableMatch(dst="10.0.0.0/8"), action=shared)
        await switch.insert(
            [
                fy.P4MulticastGroupEntry(1, replicas=[1, 2, 3]),
                fy.P4CloneSessionEntry(2, replicas=[510]),
                fy.P4ActionProfileMember("profile", member_id=1, action=fy.P4TableAction("forward", port=1)),
                entry,
            ]
        )
        equal = await same(switch, fy.P4TableEntry("ecmp"), entry)
        groups = await answers(switch, fy.P4MulticastGroupEntry())
        sessions = await answers(switch, fy.P4CloneSessionEntry())
        members = await answers(switch, fy.P4ActionProfileMember("profile"))
        return equal, len(groups), len(sessions), len(members)

    assert run(server, script) == (True, 1, 1, 1)


def test_finsy_empties_a_switch(server: P4RuntimeServer) -> None:
    async def script(switch: fy.Switch) -> int:
        await switch.insert(
            [
                fy.P4TableEntry(
                    "route", match=fy.P4TableMatch(dst="10.0.0.0/8"), action=fy.P4TableAction("forward", port=1)
                ),
                fy.P4ActionProfileMember("profile", member_id=1, action=fy.P4TableAction("forward", port=1)),
                fy.P4DigestEntry("learn_t", max_list_size=1, max_timeout_ns=0, ack_timeout_ns=0),
            ]
        )
        await switch.delete_all()
        const = ("fixed", "order")
        return len([entry for entry in await answers(switch, fy.P4TableEntry()) if entry.table_id not in const])

    assert run(server, script) == 0


def test_finsy_sees_the_code_and_words_of_an_error(server: P4RuntimeServer) -> None:
    async def script(switch: fy.Switch) -> tuple[str, str]:
        entry = fy.P4TableEntry(
            "route", match=fy.P4TableMatch(dst="10.0.0.0/8"), action=fy.P4TableAction("forward", port=1)
        )
        await switch.insert([entry])
        with pytest.raises(fy.P4ClientError) as caught:
            await switch.insert([entry])
        detail = caught.value.details[0]
        await switch.delete([entry, entry], strict=False)
        return detail.canonical_code.name, detail.message

    code, words = run(server, script)
    assert code == "ALREADY_EXISTS"
    assert words == "table 'route': entry {dst=0x0a000000/8} exists already"


def test_finsy_sends_and_receives_packets(server: P4RuntimeServer, target: FakeTarget) -> None:
    async def script(switch: fy.Switch) -> bytes:
        packets = switch.read_packets()
        first = asyncio.ensure_future(anext(packets))
        await asyncio.sleep(0)
        await switch.write([fy.P4PacketOut(b"hello", egress_port=3, pad=0)])
        target.packet_in((4 << 7 | 9).to_bytes(2, "big") + b"to the controller")
        packet = await first
        while not target.sent:
            await asyncio.sleep(0.01)
        return bytes([packet["ingress_port"], packet["reason"]]) + packet.payload

    assert run(server, script) == b"\x04\x09to the controller"
    assert target.sent == [(3 << 7).to_bytes(2, "big") + b"hello"]


def test_finsy_receives_digests_and_idle_timeouts(server: P4RuntimeServer, target: FakeTarget) -> None:
    async def script(switch: fy.Switch) -> tuple[int, int]:
        entry = fy.P4TableEntry(
            "host",
            match=fy.P4TableMatch(src="10.0.0.1", dst="10.0.0.2", proto=6),
            action=fy.P4TableAction("NoAction"),
            idle_timeout_ns=10**9,
        )
        await switch.insert([fy.P4DigestEntry("learn_t", max_list_size=1, max_timeout_ns=0, ack_timeout_ns=0), entry])
        digests = asyncio.ensure_future(anext(switch.read_digests("learn_t")))
        idle = asyncio.ensure_future(anext(switch.read_idle_timeouts()))
        await asyncio.sleep(0)
        target.event(Digest("learn_t", 1, (b"\0\0\0\0\0\x07", b"\0\x01")))
        (stored,) = target.engine.tables["host"].entries()
        target.event(IdleTimeout("host", stored.handle))
        digest, timeout = await digests, await idle
        await switch.write([digest.ack()])
        return digest.data[0]["mac"], timeout[0].idle_timeout_ns

    assert run(server, script) == (7, 10**9)


def test_the_second_finsy_is_backup_and_takes_over(server: P4RuntimeServer) -> None:
    async def script(first: fy.Switch) -> list[bool]:
        seen = [first.is_primary]
        async with fy.Switch("second", server.address, options()) as second:
            seen.append(second.is_primary)
            await first.__aexit__(None, None, None)
            async with asyncio.timeout(10):
                while not second.is_primary:
                    await asyncio.sleep(0.02)
            seen.append(second.is_primary)
        return seen

    async def main() -> list[bool]:
        first = fy.Switch("first", server.address, options())
        await first.__aenter__()
        return await script(first)

    assert asyncio.run(main()) == [True, False, True]


def test_finsy_with_a_role(server: P4RuntimeServer) -> None:
    from finsy.proto import stratum

    async def script(switch: fy.Switch) -> tuple[str, bool]:
        return switch.role_name, switch.is_primary

    config = stratum.P4RoleConfig(receives_packet_ins=True, can_push_pipeline=True)
    assert run(server, script, role_name="routes", role_config=config) == ("routes", True)
