"""The mapping service on a clock of its own: answers, holders, changes, fences, limits."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from controller.mapping import Kind, Mapping, MappingService, Message, Outgoing, Settings
from controller.mapping.table import StaleMapping

A, B, C = IPv4Address("172.31.0.1"), IPv4Address("172.31.0.2"), IPv4Address("172.31.0.3")
WEB, APP, NOBODY = IPv6Address("::ffff:10.0.1.5"), IPv6Address("::ffff:10.0.1.6"), IPv6Address("::ffff:10.0.1.9")
VPC = 7
SETTINGS = Settings(lifetime=60, negative_lifetime=5, margin=1, requests_per_second=3)


@pytest.fixture
def service() -> MappingService:
    """Web is on A, app on B; started long ago."""
    service = MappingService(-1000.0, SETTINGS)
    service.load(VPC, WEB, Mapping(A, 1, version=1))
    service.load(VPC, APP, Mapping(B, 2, version=1))
    return service


def request(address: IPv6Address, source: IPv6Address = APP, vpc: int = VPC) -> bytes:
    """A question."""
    return Message(Kind.REQUEST, vpc, address, source=source, eni=2).encode()


def confirmation(outgoing: Outgoing) -> bytes:
    """What a router turns a message into."""
    return bytes([Kind.ACK]) + outgoing.data[1:]


def read(outgoing: list[Outgoing]) -> list[tuple[IPv4Address, Message]]:
    return [(one.host, Message.decode(one.data)) for one in outgoing]


def test_a_question_is_answered_after_the_asker_was_introduced(service: MappingService) -> None:
    (first, introduction), (second, answer) = read(service.receive(0, B, request(WEB)))

    assert (first, introduction.address, introduction.host) == (A, APP, B)
    assert (second, answer.address, answer.host, answer.lifetime) == (B, WEB, A, 60000)


def test_the_asker_is_introduced_once_for_half_a_lifetime(service: MappingService) -> None:
    service.receive(0, B, request(WEB))

    assert len(service.receive(20, B, request(WEB))) == 1
    assert len(service.receive(40, B, request(WEB))) == 2


def test_nobody_is_an_answer_with_a_short_lifetime(service: MappingService) -> None:
    ((_, answer),) = read(service.receive(0, B, request(NOBODY)))

    assert (answer.host, answer.lifetime) == (IPv4Address(0), 5000)


def test_a_host_may_not_ask_about_a_vpc_that_it_has_no_part_in(service: MappingService) -> None:
    assert service.receive(0, C, request(WEB)) == []
    assert service.receive(0, B, request(WEB, vpc=8)) == []
    assert service.counts["refused"] == 2


def test_a_host_cannot_ask_faster_than_its_rate(service: MappingService) -> None:
    answered = [bool(service.receive(0, B, request(NOBODY))) for _ in range(5)]

    assert answered == [True, True, True, False, False]
    assert service.receive(0.4, B, request(NOBODY)) != []


def test_nonsense_is_counted_and_not_answered(service: MappingService) -> None:
    assert service.receive(0, B, b"hello") == []
    assert service.counts["malformed.length"] == 1


def test_a_change_goes_to_its_holders_and_is_done_when_they_have_confirmed(service: MappingService) -> None:
    service.receive(0, B, request(WEB))

    change, outgoing = service.change(10, VPC, WEB, Mapping(C, 1, version=2))
    before = change.done
    service.receive(10.5, B, confirmation(outgoing[0]))

    assert [(host, message.ack_wanted) for host, message in read(outgoing)] == [(B, True)]
    assert not before
    assert (change.done, change.fenced) == (True, set())
    assert service.latency.percentile(99) == pytest.approx(0.5, rel=0.13)


def test_a_change_that_nobody_holds_is_done_at_once(service: MappingService) -> None:
    change, outgoing = service.change(10, VPC, WEB, Mapping(C, 1, version=2))

    assert (change.done, outgoing) == (True, [])


def test_a_holder_that_stays_silent_is_told_again_and_fenced_at_the_end_of_its_lifetime(
    service: MappingService,
) -> None:
    service.receive(0, B, request(WEB))
    change, _ = service.change(10, VPC, WEB, Mapping(C, 1, version=2))

    sent, finished = 0, 0.0
    while (due := service.next_poll()) is not None:
        sent += len(service.poll(due))
        finished = due

    assert 50 < sent < 70
    assert finished == 61
    assert (change.done, change.fenced) == (True, {B})


def test_a_confirmation_of_an_older_change_does_not_count(service: MappingService) -> None:
    service.receive(0, B, request(WEB))
    first, old = service.change(1, VPC, WEB, Mapping(C, 1, version=2))
    second, new = service.change(2, VPC, WEB, Mapping(A, 1, version=3))

    service.receive(3, B, confirmation(old[0]))
    before = (first.done, second.done)
    service.receive(4, B, confirmation(new[0]))

    assert before == (False, False)
    assert (first.done, second.done) == (True, True)


def test_a_confirmation_of_another_host_does_not_count(service: MappingService) -> None:
    service.receive(0, B, request(WEB))
    change, outgoing = service.change(1, VPC, WEB, Mapping(C, 1, version=2))

    service.receive(2, A, confirmation(outgoing[0]))

    assert not change.done


def test_a_version_never_goes_back(service: MappingService) -> None:
    with pytest.raises(StaleMapping):
        service.change(0, VPC, WEB, Mapping(C, 1, version=1))


def test_holders_are_forgotten_when_their_lifetime_ends(service: MappingService) -> None:
    service.receive(0, B, request(NOBODY))
    held = service.holders(VPC, NOBODY, 4)
    service.poll(6)

    assert held == {B}
    assert service.holders(VPC, NOBODY, 6) == frozenset()


def test_a_service_that_has_just_started_tells_every_host_of_the_vpc() -> None:
    service = MappingService(0.0, SETTINGS)
    service.load(VPC, WEB, Mapping(A, 1, version=1))
    service.load(VPC, APP, Mapping(B, 2, version=1))
    service.load(VPC, NOBODY, Mapping(A, 3, version=1))

    _, early = service.change(10, VPC, WEB, Mapping(C, 1, version=2))
    _, late = service.change(62, VPC, APP, Mapping(C, 2, version=2))

    assert {one.host for one in early} == {A, B}
    assert late == []


def test_the_new_host_of_an_interface_is_told_what_the_old_one_holds(service: MappingService) -> None:
    service.receive(0, B, request(WEB))

    told = read(service.hand_over(1, VPC, A, C))

    assert [(host, message.address, message.host) for host, message in told] == [(C, APP, B)]


def test_a_service_that_has_just_started_hands_over_the_whole_vpc_and_no_other() -> None:
    service = MappingService(0.0, SETTINGS)
    service.load(VPC, WEB, Mapping(A, 1, version=1))
    service.load(VPC, APP, Mapping(B, 2, version=1))
    service.load(VPC + 1, APP, Mapping(B, 3, version=1))

    told = read(service.hand_over(1, VPC, A, C))

    assert {(host, message.vpc, message.address) for host, message in told} == {(C, VPC, WEB), (C, VPC, APP)}


def test_what_a_gateway_knew_before_a_restart_is_handed_over_too() -> None:
    service = MappingService(0.0, SETTINGS)
    service.load(VPC, WEB, Mapping(A, 1, version=1))
    service.load(VPC, APP, Mapping(B, 2, version=1))
    service.assume_holders(lambda address: address == A)

    told = read(service.hand_over(1, VPC, A, C))

    assert {message.address for _, message in told} == {WEB, APP}


def test_a_service_that_is_the_first_hands_over_nothing_that_nobody_was_told() -> None:
    service = MappingService(0.0, SETTINGS)
    service.load(VPC, WEB, Mapping(A, 1, version=1))
    service.load(VPC, APP, Mapping(B, 2, version=1))
    service.assume_holders(lambda address: True)

    assert service.hand_over(1, VPC, A, C) == []


def test_nobody_waits_for_a_host_that_has_left_the_vpc(service: MappingService) -> None:
    service.receive(0, B, request(WEB))
    service.load(VPC, APP, Mapping(A, 2, version=2))

    change, outgoing = service.change(10, VPC, WEB, Mapping(A, 1, version=3))

    assert (change.done, outgoing) == (True, [])


def test_a_host_that_leaves_the_vpc_while_it_is_told_holds_nothing_up(service: MappingService) -> None:
    service.receive(0, B, request(WEB))
    change, _ = service.change(10, VPC, WEB, Mapping(A, 1, version=2))
    before = change.done

    service.load(VPC, APP, Mapping(A, 2, version=2))

    assert (before, change.done, change.fenced) == (False, True, set())


def test_a_host_that_comes_back_is_told_what_it_missed_before_the_change_that_brings_it_is_done(
    service: MappingService,
) -> None:
    service.receive(0, B, request(WEB))
    service.load(VPC, APP, Mapping(A, 2, version=2))
    service.change(10, VPC, WEB, Mapping(C, 1, version=3))

    back, outgoing = service.change(20, VPC, APP, Mapping(B, 2, version=4))
    before = [host for host, _ in read(outgoing)], back.done
    missed = next(one for one in outgoing if one.host == B)
    service.receive(21, B, confirmation(missed))

    assert before == ([B], False)
    assert Message.decode(missed.data).address == WEB
    assert back.done


def test_what_a_host_missed_is_of_no_interest_once_its_lifetime_has_ended(service: MappingService) -> None:
    service.receive(0, B, request(WEB))
    service.load(VPC, APP, Mapping(A, 2, version=2))
    service.change(10, VPC, WEB, Mapping(C, 1, version=3))

    back, outgoing = service.change(62, VPC, APP, Mapping(B, 2, version=4))

    assert (back.done, outgoing) == (True, [])


def test_what_is_sent_again_goes_only_to_those_who_have_not_confirmed(service: MappingService) -> None:
    service.receive(0, A, request(APP, source=WEB))
    service.receive(0, B, request(APP, source=APP))
    change, outgoing = service.change(1, VPC, APP, Mapping(A, 2, version=2, other=B))
    service.receive(1.001, A, next(confirmation(one) for one in outgoing if one.host == A))

    again = service.poll(1.1)

    assert {one.host for one in outgoing} == {A, B}
    assert [one.host for one in again] == [B]
    assert not change.done


def test_nothing_is_sent_again_while_confirmations_keep_coming(service: MappingService) -> None:
    service.load(VPC, NOBODY, Mapping(C, 3, version=1))
    for host in (A, B, C):
        service.receive(0, host, request(NOBODY))
    _, outgoing = service.change(1, VPC, NOBODY, Mapping(A, 3, version=2, other=C))
    service.receive(1.019, A, confirmation(outgoing[0]))

    assert service.poll(1.0202) == []
    assert len(service.poll(1.5)) == 2
