"""E-mail and IP addresses."""

from __future__ import annotations

import pytest

from steelyard.suites.redaction.contact import find_emails, find_ips


def emails(text: str) -> list[str]:
    return [text[span.start : span.end] for span in find_emails(text)]


def ips(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sorted(find_ips(text))]


@pytest.mark.parametrize(
    "address",
    ["anna@example.de", "a.b+c@mail.example.co.uk", "o'brien@example.com", "jürgen@müller.de", '"a b"@example.com',
     "x@[192.168.0.1]", "info (at) firma (dot) de", "info[at]firma.de", "A_B-1@SUB.EXAMPLE.ORG", "k@xn--mller-kva.de"],
)  # fmt: skip
def test_addresses(address: str) -> None:
    assert emails(f"Mail: {address}, danke") == [address]
    assert emails(f"mailto:{address}") == [address]


@pytest.mark.parametrize(
    "text", ["a @ b", "@property", "user@localhost", "5@6.7", "...@example.com", "a@b", "meet at (at) noon"]
)
def test_what_is_no_address(text: str) -> None:
    assert emails(text) == []


def test_ip_addresses() -> None:
    assert ips("from 192.168.3.4 to 2001:db8::1, fe80::1 and ::ffff:10.1.2.3.") == [
        "192.168.3.4",
        "2001:db8::1",
        "fe80::1",
        "::ffff:10.1.2.3",
        "10.1.2.3",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "version 1.2.3.4",
        "1.2.3.4.5",
        "300.1.1.1",
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.0",
        "x[1::2]",
        "std::dec",
        "10:30:45",
        "::1",
    ],
)
def test_what_is_no_machine(text: str) -> None:
    assert ips(text) == []
