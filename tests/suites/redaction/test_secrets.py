"""Keys, private keys, passwords and random tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from bench.redaction_corpus import KEYS, planted_texts
from steelyard.suites.redaction.secrets import (
    entropy,
    find_keys,
    find_passwords,
    find_private_keys,
    find_random_tokens,
    find_url_credentials,
    is_random,
)
from steelyard.suites.redaction.span import Span


def found(find: Callable[[str], Iterator[Span]], text: str) -> list[str]:
    return [text[span.start : span.end] for span in find(text)]


@pytest.mark.parametrize("prefix", sorted({prefix for prefix, _, _ in KEYS if not prefix.startswith("xox")}))
def test_keys_by_prefix(prefix: str) -> None:
    random = Random(prefix)
    alphabet, count = next((alphabet, count) for each, alphabet, count in KEYS if each == prefix)
    key = prefix + "".join(random.choices(alphabet, k=count - 1)) + alphabet[-1 if alphabet[-1] not in "-_" else 0]
    assert found(find_keys, f"use '{key}', please") == [key]
    assert found(find_keys, f"x{key}") == []


def test_tokens_in_headers_and_webhooks() -> None:
    assert found(find_keys, "Authorization: Bearer abcdef0123456789xyz") == ["abcdef0123456789xyz"]
    # Put together here, so that no scanner of code takes it for one.
    path = "/".join(["T00000000", "B00000000", "X" * 24])
    assert found(find_keys, f"https://hooks.slack.com/services/{path}") == [path]
    assert found(find_keys, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl") == [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn-estimator-and-more",
        "risk-free-investment2-options",
        "task-2024-budget-approval-x",
        "bearer of bad news",
        "AKIA",
    ],
)
def test_words_that_begin_like_keys(text: str) -> None:
    assert found(find_keys, text) == []


def test_private_keys_whole_cut_off_and_escaped() -> None:
    for planted in planted_texts("private key", "en", 40, seed=1):
        block = planted.text[planted.start : planted.end]
        assert found(find_private_keys, planted.text) == [block]
        cut = block[: block.rindex("-----END") - 3]
        assert found(find_private_keys, f"{cut} lost") == [cut]
    putty = "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPublic-Lines: 1\nAAAA\nPrivate-MAC: ff"
    assert found(find_private_keys, f"{putty}\n\nbye") == [putty]


def test_headers_of_an_encrypted_key_are_part_of_it() -> None:
    block = (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n"
        + "A1b2" * 16
        + "\n-----END RSA PRIVATE KEY-----"
    )
    assert found(find_private_keys, block) == [block]


def test_credentials_in_urls() -> None:
    assert found(find_url_credentials, "https://user:p@ss@host.de/x?y=a@b") == ["user:p@ss"]
    assert found(find_url_credentials, "curl -u admin:hunter2 https://x.de") == ["admin:hunter2"]
    assert found(find_url_credentials, "ssh://git@github.com/x http://a.de/b:c@d") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: hunter2", "hunter2"),
        ("Passwort = 'zwei Worte'", "zwei Worte"),
        ('{"pwd": "a\\b"}', "a\\b"),
        ("mot de passe : été2024.", "été2024"),
        ("contraseña:abc", "abc"),
        ("la password è Estate24!", "Estate24"),
        ("DB_PASSWORD=$ecret1", "$ecret1"),
        ("api_key=abcd1234", "abcd1234"),
        ("client-secret: 'xyz-12345'", "xyz-12345"),
        ("PIN: 4711", "4711"),
        ("CVV 123, PIN-Code", "123"),
        ("PW: abc123", "abc123"),
        ("Mein Passwort lautet: hunter2", "hunter2"),
        ("the password for the wifi is Sunny2024!", "Sunny2024"),
        ("password := x9y", "x9y"),
    ],
)
def test_passwords(text: str, value: str) -> None:
    assert found(find_passwords, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "password: None",
        "password=get_password()",
        "password: ${PASSWORD}",
        "password=$PASSWORD",
        "password: <yours>",
        "password: [PASSWORD_1]",
        "the password is required",
        "def f(password): return",
        "token: string",
        "a pinch: 1234",
        "password: ******",
        "token = os.environ",
    ],
)
def test_what_is_no_password(text: str) -> None:
    assert found(find_passwords, text) == []


def test_random_tokens_count_beside_a_word_only() -> None:
    token = "f3a91c7be02d4485b6a7c0d9e1f28374"
    assert found(find_random_tokens, f"der Schlüssel ist {token}.") == [token]
    assert found(find_random_tokens, f"{token} is the key") == [token]
    assert found(find_random_tokens, f"commit {token}") == []


@pytest.mark.parametrize(
    "token",
    [
        "getUserKeyValue2Map",
        "remove_first_occurrence_2",
        "2024-11-26-report-final",
        "aaaaaaaaaaaaaaaa1111",
        "HTMLParserTokenKey",
        "12345678901234567890",
    ],
)
def test_words_are_not_random(token: str) -> None:
    assert not is_random(token)


def test_entropy_is_shannons() -> None:
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
