from __future__ import annotations

from steelyard_server.access.attempts import BY_ADDRESS, BY_NAME, EVERYWHERE, WINDOW, Attempts


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_name_from_one_place_waits_after_some_failures_and_not_from_another() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(BY_NAME):
        assert attempts.seconds_to_wait("ada", "10.0.0.1") == 0
        attempts.note_failure("ada", "10.0.0.1")
    assert attempts.seconds_to_wait("ada", "10.0.0.1") == WINDOW
    assert attempts.seconds_to_wait("ada", "10.0.0.2") == 0, "whoever knows a name cannot lock its owner out"
    assert attempts.seconds_to_wait("bob", "10.0.0.1") == 0
    clock.now = WINDOW + 1
    assert attempts.seconds_to_wait("ada", "10.0.0.1") == 0


def test_an_address_waits_after_failures_under_many_names() -> None:
    attempts = Attempts(Clock())
    for number in range(BY_ADDRESS):
        attempts.note_failure(f"name{number}", "10.0.0.1")
    assert attempts.seconds_to_wait("somebody", "10.0.0.1") > 0


def test_addresses_of_one_ipv6_network_are_one() -> None:
    attempts = Attempts(Clock())
    for number in range(BY_NAME):
        attempts.note_failure("ada", f"2001:db8::{number:x}")
    assert attempts.seconds_to_wait("ada", "2001:db8::ffff") > 0
    assert attempts.seconds_to_wait("ada", "2001:db8:0:1::1") == 0


def test_the_right_password_forgets_the_failures_of_its_name() -> None:
    attempts = Attempts(Clock())
    for _ in range(BY_NAME):
        attempts.note_failure("ada", "10.0.0.1")
    attempts.forget("ada", "10.0.0.1")
    assert attempts.seconds_to_wait("ada", "10.0.0.1") == 0


def test_without_a_name_the_address_alone_counts() -> None:
    attempts = Attempts(Clock())
    for _ in range(BY_ADDRESS - 1):
        attempts.note_failure("", "10.0.0.1")
    assert attempts.seconds_to_wait("", "10.0.0.1") == attempts.seconds_to_wait("ada", "10.0.0.1") == 0
    attempts.note_failure("", "10.0.0.1")
    assert attempts.seconds_to_wait("", "10.0.0.1") > 0
    attempts.forget("", "10.0.0.1")
    assert attempts.seconds_to_wait("", "10.0.0.1") == 0, "that one was none"


def test_addresses_of_this_machine_are_one() -> None:
    attempts = Attempts(Clock())
    for number in range(BY_NAME):
        attempts.note_failure("ada", f"127.0.{number}.1")
    assert attempts.seconds_to_wait("ada", "127.9.9.9") > 0
    assert attempts.seconds_to_wait("ada", "::1") > 0


def test_guesses_from_very_many_addresses_have_an_end_and_lock_nobody_out_who_came_from_a_known_one() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    attempts.note_failure("ada", "192.0.2.7")
    attempts.forget("ada", "192.0.2.7")
    for number in range(EVERYWHERE):
        address = f"10.{number // 250}.{number % 250}.1"
        assert attempts.seconds_to_wait("ada", address) == 0
        attempts.note_failure("ada", address)
    assert attempts.seconds_to_wait("ada", "10.200.0.1") > 0
    assert attempts.seconds_to_wait("ada", "192.0.2.7") == 0
    clock.now = WINDOW + 1
    assert attempts.seconds_to_wait("ada", "10.200.0.1") == 0


def test_an_attempt_whose_password_was_not_looked_at_is_none() -> None:
    attempts = Attempts(Clock())
    for _ in range(BY_ADDRESS + EVERYWHERE):
        attempts.note_failure("ada", "10.0.0.1")
        attempts.take_back("ada", "10.0.0.1")
    assert attempts.seconds_to_wait("ada", "10.0.0.1") == 0
