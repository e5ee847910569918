from __future__ import annotations

from steelyard_server.access.sheet_limit import SheetLimit


def test_five_of_the_largest_a_minute_and_many_small_ones() -> None:
    now = [0.0]
    limit = SheetLimit(lambda: now[0])
    assert [limit.seconds_to_wait(1, 200_000) for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    assert limit.seconds_to_wait(2, 10) == 0, "another person's minute is their own"
    assert [limit.seconds_to_wait(3, 10) for _ in range(501)] == [0] * 500 + [60]
    now[0] = 60.0
    assert limit.seconds_to_wait(1, 200_000) == 0
