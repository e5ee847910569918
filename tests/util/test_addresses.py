"""Addresses in normal form: one address has one spelling, and no other is like it."""

from __future__ import annotations

import pytest

from steelyard.util.addresses import normal_endpoint, normal_endpoints


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
    assert normal_endpoint(one) == normal_endpoint(other)


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
    assert normal_endpoint(one) != normal_endpoint(other)


def test_several_are_there_once_and_in_order() -> None:
    assert normal_endpoints(["http://b/v1", "python", "http://a", "HTTP://B:80/v1/"]) == (
        "http://a:80/v1",
        "http://b:80/v1",
        "python",
    )
