from __future__ import annotations

from steelyard_server.access.callers import NOBODY, Caller
from steelyard_server.access.request_limit import OF_NETWORK, OF_TOKEN, WINDOW, RequestLimit

PROGRAM, OTHER = Caller(token=1), Caller(token=2)


def test_a_token_has_so_many_requests_a_minute_and_others_have_theirs() -> None:
    clock = [1000.0]
    limit = RequestLimit(lambda: clock[0])
    assert {limit.seconds_to_wait(PROGRAM, "10.0.0.1") for _ in range(OF_TOKEN)} == {0.0}
    clock[0] += 20
    assert limit.seconds_to_wait(PROGRAM, "10.0.0.2") == WINDOW - 20
    assert limit.seconds_to_wait(OTHER, "10.0.0.1") == 0.0
    clock[0] += WINDOW - 20
    assert limit.seconds_to_wait(PROGRAM, "10.0.0.1") == 0.0


def test_who_has_no_valid_token_uses_up_nobodys_requests_but_those_of_the_network_without_one() -> None:
    limit = RequestLimit(lambda: 0.5)
    assert {limit.seconds_to_wait(NOBODY, f"2001:db8::{number:x}") for number in range(OF_NETWORK)} == {0.0}
    assert limit.seconds_to_wait(NOBODY, "2001:db8::ffff") > 0
    assert limit.seconds_to_wait(NOBODY, "2001:db8:0:1::1") == 0.0
    assert limit.seconds_to_wait(PROGRAM, "2001:db8::1") == 0.0


def test_memory_is_bounded() -> None:
    limit = RequestLimit(lambda: 0.5)
    for number in range(20_050):
        limit.seconds_to_wait(NOBODY, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(limit._counts) == 20_000
