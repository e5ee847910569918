from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from steelyard.errors import InputError
from steelyard_server.access.passwords import (
    MAX_WAITING,
    PasswordsBusyError,
    check_new_password,
    hash_password,
    is_password,
)


def test_a_password_is_kept_as_argon2id_and_found_again() -> None:
    kept = hash_password("a long way to the mill")
    assert kept.startswith("$argon2id$")
    assert is_password(kept, "a long way to the mill")
    assert not is_password(kept, "a long way to the hill")
    assert not is_password("", "a long way to the mill")
    assert not is_password("not a hash", "a long way to the mill")
    assert not is_password(kept, "x" * 5000)


@pytest.mark.parametrize(
    ("password", "again", "message"),
    [
        ("a long way to the mill", "a long way to the hill", "not the same"),
        ("short", "short", "12 to 1024"),
        ("x" * 1025, "x" * 1025, "12 to 1024"),
        ("ada.lovelace", "ada.lovelace", "hardly more"),
    ],
)
def test_poor_passwords_are_refused(password: str, again: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_new_password(password, again, "ada.lovelace")


def test_who_would_wait_behind_many_is_told_at_once() -> None:
    def checked() -> str:
        try:
            is_password("", "a long way to the mill")
        except PasswordsBusyError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(60) as pool:
        said = [each.result() for each in [pool.submit(checked) for _ in range(60)]]
    assert said.count("") >= MAX_WAITING
    assert {each for each in said if each} == {"many people sign in at this moment: try again in some seconds"}
    assert checked() == "", "there is room again"
