from __future__ import annotations

from steelyard_server.shares.limit import MOST, WINDOW, OpenLimit


def test_an_address_has_so_many_openings_a_minute_and_others_have_theirs() -> None:
    clock = [1000.0]
    limit = OpenLimit(lambda: clock[0])
    assert [limit.seconds_to_wait("10.0.0.1") for _ in range(MOST)] == [0.0] * MOST
    assert limit.seconds_to_wait("10.0.0.1") == WINDOW
    assert limit.seconds_to_wait("10.0.0.2") == 0.0
    clock[0] += WINDOW
    assert limit.seconds_to_wait("10.0.0.1") == 0.0


def test_a_network_of_ipv6_counts_as_one() -> None:
    limit = OpenLimit(lambda: 0.5)
    for number in range(MOST):
        assert limit.seconds_to_wait(f"2001:db8::{number:x}") == 0.0
    assert limit.seconds_to_wait("2001:db8::ffff") > 0
    assert limit.seconds_to_wait("2001:db8:0:1::1") == 0.0
    assert limit.seconds_to_wait("no address") == 0.0


def test_memory_is_bounded() -> None:
    limit = OpenLimit(lambda: 0.5)
    for number in range(20_050):
        limit.seconds_to_wait(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(limit._times) == 20_000
