from __future__ import annotations

import base64
import hmac
import json
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from packages.server.tests.oidc.stub import ec_key, rsa_key, signed
from steelyard_server.oidc.id_token import (
    IdTokenError,
    UnknownKeyError,
    groups_of,
    person_of,
    read_id_token,
)
from steelyard_server.oidc.settings import OidcSettings

SETTINGS = OidcSettings(issuer="https://id.example", client_id="steelyard", client_secret="x" * 40)
NOW = 1_800_000_000.0
GOOD: dict[str, Any] = {
    "iss": "https://id.example",
    "aud": "steelyard",
    "sub": "42",
    "nonce": "n-0S6",
    "iat": int(NOW) - 5,
    "exp": int(NOW) + 300,
}
KEYS = [rsa_key().as_dict(private=False), ec_key().as_dict(private=False)]


def read(token: str, keys: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return read_id_token(token, KEYS if keys is None else keys, SETTINGS, "n-0S6", NOW)


def test_a_good_token_is_read_whichever_way_it_is_signed() -> None:
    for algorithm, key in (("RS256", rsa_key()), ("PS512", rsa_key()), ("ES256", ec_key())):
        assert read(signed(GOOD, key, algorithm)) == GOOD
    assert read(signed({**GOOD, "aud": ["steelyard", "other"], "azp": "steelyard"}))["sub"] == "42"
    assert read(signed({**GOOD, "exp": int(NOW) - 59, "nbf": int(NOW) + 59}))["sub"] == "42"
    header, key = {"alg": "RS256", "x5t": "a" * 27}, rsa_key()
    assert read(jwt.encode(header, GOOD, key), [KEYS[0]]) == GOOD, "the only key there is"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iss": "https://id.example/"}, "another provider"),
        ({"iss": None}, "another provider"),
        ({"aud": "other"}, "another application"),
        ({"aud": ["other"]}, "another application"),
        ({"aud": {"steelyard": 1}}, "another application"),
        ({"aud": ["steelyard", "other"]}, r"another application \(azp\)"),
        ({"aud": ["steelyard", "other"], "azp": "other"}, r"another application \(azp\)"),
        ({"azp": "other"}, r"another application \(azp\)"),
        ({"exp": int(NOW) - 61}, "has expired"),
        ({"exp": None}, "has expired"),
        ({"exp": True}, "has expired"),
        ({"exp": "never"}, "has expired"),
        ({"exp": 1e300}, "has expired"),
        ({"iat": int(NOW) + 61}, "from the future"),
        ({"iat": None}, "from the future"),
        ({"nbf": int(NOW) + 61}, "not yet valid"),
        ({"nbf": "x"}, "not yet valid"),
        ({"nonce": "another"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"nonce": 5}, "another sign-in"),
        ({"nonce": "é"}, "another sign-in"),
    ],
)
def test_what_is_for_another_sign_in_is_refused(change: dict[str, Any], message: str) -> None:
    claims = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(IdTokenError, match=message):
        read(signed(claims))


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def test_no_signature_and_one_by_a_shared_secret_are_refused() -> None:
    for algorithm in ("none", "None", "", "HS256", "RS1", 5, None):
        token = f"{encoded({'alg': algorithm, 'kid': 'one'})}.{encoded(GOOD)}."
        with pytest.raises(IdTokenError, match=r"alg|signature"):
            read(token)
    for secret in (SETTINGS.client_secret.encode(), rsa_key().as_pem(private=False)):
        text = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded(GOOD)}"
        signature = base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), "sha256")).rstrip(b"=").decode()
        with pytest.raises(IdTokenError, match="alg"):
            read(f"{text}.{signature}")
    shared = OctKey.generate_key(256, {"kid": "one"}).as_dict()
    with pytest.raises(UnknownKeyError):
        read(signed(GOOD), [shared])


def test_a_token_that_was_changed_or_signed_by_somebody_else_is_refused() -> None:
    header, claims, signature = signed(GOOD).split(".")
    other = rsa_key("two")
    for token in (
        f"{header}.{encoded({**GOOD, 'sub': '1'})}.{signature}",
        f"{header}.{claims}.{'A' * len(signature)}",
        f"{header}.{claims}.",
        signed(GOOD, other, kid="one"),
        f"{encoded({'alg': 'ES256', 'kid': 'one'})}.{claims}.{signature}",
    ):
        with pytest.raises(IdTokenError):
            read(token)
    for more in ({"crit": ["b64"], "b64": True}, {"b64": False}):
        token = f"{encoded({'alg': 'RS256', 'kid': 'one', **more})}.{claims}.{signature}"
        with pytest.raises(IdTokenError):
            read(token)


def test_a_key_that_is_not_published_is_told_apart() -> None:
    with pytest.raises(UnknownKeyError):
        read(signed(GOOD, rsa_key("two")))
    with pytest.raises(UnknownKeyError):
        read(signed(GOOD), [])
    with pytest.raises(UnknownKeyError):
        read(signed(GOOD), [{**KEYS[0], "use": "enc"}])
    with pytest.raises(UnknownKeyError):
        read(signed(GOOD), [KEYS[0], KEYS[0]])
    with pytest.raises(IdTokenError, match="too short"):
        read(signed(GOOD), [{**KEYS[0], "n": KEYS[0]["n"][:171]}])
    with pytest.raises(IdTokenError):
        read(signed(GOOD), [{"kty": "RSA", "kid": "one", "n": "?", "e": 3}])


@given(st.text(max_size=300))
def test_any_text_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(IdTokenError) as caught:
        read(text)
    assert "\n" not in str(caught.value)


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "azp", "nbf"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), st.lists, max_leaves=3
        ),
    )
)
def test_any_claims_are_the_good_ones_or_refused(change: dict[str, Any]) -> None:
    try:
        token = signed({**GOOD, **change})
    except (TypeError, ValueError):
        return
    with suppress(IdTokenError):
        assert read(token)["iss"] == GOOD["iss"]


def test_a_person_has_a_subject_and_a_plain_name() -> None:
    for claims, name in (
        ({"preferred_username": "ada@example.com", "email": "x@y"}, "ada@example.com"),
        ({"preferred_username": " ", "email": "ada@example.com"}, "ada@example.com"),
        ({"name": "Ada <script> Lovelace"}, "Ada-script-Lovelace"),
        ({"name": "名前"}, "person"),
        ({"name": ["x"]}, "person"),
        ({"name": "-._" + "x" * 300}, "x" * 60),
    ):
        assert person_of({"sub": "42", **claims}).name == name
    for subject in ("", None, 5, "x" * 256, "a\0b", "a\nb"):
        with pytest.raises(IdTokenError, match="no subject"):
            person_of({"sub": subject})


def test_groups_are_a_list_of_names_or_refused() -> None:
    assert groups_of({"groups": ["a", "b", "", "x" * 301, "c\0"]}, "groups") == frozenset({"a", "b"})
    assert groups_of({"groups": "a"}, "groups") == frozenset({"a"})
    assert groups_of({"groups": []}, "groups") == frozenset()
    assert groups_of({"roles": ["a"]}, "groups") is None
    for found in ({"a": 1}, [1], ["a"] * 3000, 5):
        with pytest.raises(IdTokenError, match="no list of names"):
            groups_of({"groups": found}, "groups")
    with pytest.raises(IdTokenError, match="too many"):
        groups_of({"_claim_names": {"groups": "src1"}}, "groups")


def with_parts(header: bytes, payload: bytes) -> str:
    """A token of these very bytes, signed as a provider signs."""
    parts = b".".join(base64.urlsafe_b64encode(each).rstrip(b"=") for each in (header, payload))
    made = rsa_key().get_op_key("sign").sign(parts, padding.PKCS1v15(), hashes.SHA256())
    return (parts + b"." + base64.urlsafe_b64encode(made).rstrip(b"=")).decode()


def test_json_that_is_too_deep_is_refused_in_words() -> None:
    header = json.dumps({"alg": "RS256", "kid": rsa_key().kid}).encode()
    assert read(with_parts(header, json.dumps(GOOD).encode())) == GOOD
    deep = b'{"alg":"RS256","x":' + b"[" * 1400 + b"]" * 1400 + b"}"
    deeper = b'{"a":' + b"[" * 60_000 + b"]" * 60_000 + b"}"
    for token in (with_parts(deep, json.dumps(GOOD).encode()), with_parts(header, deeper)):
        with pytest.raises(IdTokenError, match="signature does not hold"):
            read(token)
    with pytest.raises(IdTokenError, match="another sign-in"):
        read(with_parts(header, json.dumps({**GOOD, "nonce": "\ud800"}).encode()))


@pytest.mark.parametrize(("part", "size"), [("n", 500_000), ("n", 2_100), ("e", 2_100)])
def test_a_key_that_would_hold_up_all_others_is_refused(part: str, size: int) -> None:
    huge = base64.urlsafe_b64encode(b"\xff" * size).decode()
    with pytest.raises(IdTokenError, match="too long: 16,384 bits are the most"):
        read(signed(GOOD), [{**KEYS[0], part: huge}])
