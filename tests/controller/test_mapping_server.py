"""The mapping service on a real socket, on loopback."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address

from controller.mapping import Kind, Mapping, Message
from controller.mapping.server import MappingServer

WEB, APP = IPv6Address("::ffff:10.0.1.5"), IPv6Address("::ffff:10.0.1.6")
HOST = IPv4Address("127.0.0.2")


async def scenario() -> tuple[Message, Message, bool]:
    """A host asks, then confirms a change; returns the answer, the change and whether the change is done."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as router:
        router.bind((str(HOST), 0))
        router.setblocking(False)
        loop = asyncio.get_running_loop()
        server = await MappingServer.start("127.0.0.1", port=router.getsockname()[1])
        try:
            server.service.load(1, WEB, Mapping(HOST, 1, version=1))
            server.service.load(1, APP, Mapping(HOST, 2, version=1))
            question = Message(Kind.REQUEST, 1, WEB, source=APP)
            await loop.sock_sendto(router, question.encode(), ("127.0.0.1", router.getsockname()[1]))
            answer = Message.decode(await loop.sock_recv(router, 100))
            change = asyncio.create_task(server.change(1, WEB, Mapping(IPv4Address("127.0.0.3"), 1, version=2)))
            data = await loop.sock_recv(router, 100)
            await loop.sock_sendto(router, bytes([Kind.ACK]) + data[1:], ("127.0.0.1", router.getsockname()[1]))
            return answer, Message.decode(data), (await asyncio.wait_for(change, 5)).done
        finally:
            server.close()


def test_a_host_asks_and_confirms_a_change() -> None:
    answer, change, done = asyncio.run(scenario())

    assert (answer.kind, answer.host, answer.ack_wanted) == (Kind.ANSWER, HOST, False)
    assert (change.kind, change.version, change.ack_wanted) == (Kind.ANSWER, 2, True)
    assert done
