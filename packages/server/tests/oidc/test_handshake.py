from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from steelyard_server.oidc.handshake import HANDSHAKE_SECONDS, MAX_COOKIE, begin_handshake, read_handshake


def test_all_follows_from_the_cookie_and_nothing_is_the_cookie() -> None:
    begun = begin_handshake("/p/default/runs", now=1000.0)
    again = read_handshake(begun.cookie, now=1000.0 + HANDSHAKE_SECONDS)
    assert again == begun
    derived = {begun.state, begun.nonce, begun.verifier, begun.challenge}
    assert len(derived) == 4
    assert all(each not in begun.cookie and len(each) == 43 for each in derived)
    expected = base64.urlsafe_b64encode(hashlib.sha256(begun.verifier.encode()).digest()).rstrip(b"=").decode()
    assert begun.challenge == expected
    assert begun.is_state(begun.state)
    assert not begin_handshake("/p/default/runs", now=1000.0).is_state(begun.state)


def test_an_old_one_is_none() -> None:
    begun = begin_handshake("/", now=1000.0)
    assert read_handshake(begun.cookie, now=1001.0 + HANDSHAKE_SECONDS) is None
    secret, until, rest = begun.cookie.split(".")
    later = read_handshake(f"{secret}.{int(until) + 9999}.{rest}", now=1000.0)
    assert later is not None
    assert not later.is_state(begun.state), "who moves the end has another state"


@given(st.text(max_size=MAX_COOKIE + 50))
def test_any_text_is_one_of_ours_or_none(text: str) -> None:
    found = read_handshake(text, now=0.0)
    assert found is None or found.cookie == text


@given(st.text(max_size=100))
def test_a_state_is_one_text_alone(text: str) -> None:
    begun = begin_handshake("/")
    assert begun.is_state(text) == (text == begun.state)
