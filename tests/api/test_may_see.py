"""Addresses in normal form: one address has one spelling, and no other is like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.api.may_see import check_addresses, normal
from steelyard.errors import InputError
from steelyard.tasks.suite_task import task_from_suite
from tests.tasks.test_suite_file import suite_at


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://API.example.com", "https://api.example.com:443/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("HTTP://localhost:80/v1", "http://localhost"),
        ("https://h/a/../v1", "https://h/v1"),
    ],
)
def test_one_address_has_one_spelling(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://api.example.com/v1", "http://api.example.com/v1"),
        ("https://api.example.com/v1", "https://api.example.com:8443/v1"),
        ("https://api.example.com/v1", "https://api.example.com.evil.org/v1"),
        ("https://api.example.com/v1", "https://api.example.com/v2"),
        ("mine:a", "mine:b"),
    ],
)
def test_other_addresses_are_others(one: str, other: str) -> None:
    assert normal(one) != normal(other)


def test_what_is_not_named_is_refused_with_the_role(tmp_path: Path) -> None:
    suite = task_from_suite(suite_at(tmp_path / "s", "suite: s\nendpoints: [https://h/v1, 'mine:x', python]\n"))
    check_addresses([suite], {"subject": "https://H:443/v1/", "judge": "mine:x", "own": "python", "here": ""})
    for address in ("https://h/v2", "mine:y", "other"):
        with pytest.raises(InputError, match=r"\(judge\), and nothing was sent"):
            check_addresses([suite], {"judge": address})
