from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard_server.access.secrets import digest_of, form_key, is_form_key, new_secret, new_token


def test_secrets_differ_and_are_kept_by_their_digest() -> None:
    one, other, token = new_secret(), new_secret(), new_token()
    assert one != other
    assert token.startswith("steelyard_")
    assert len({digest_of(one), digest_of(other), digest_of(token)}) == 3
    assert len(digest_of(token)) == 64


@given(st.text(max_size=80))
def test_what_is_none_of_ours_has_no_digest(text: str) -> None:
    assert digest_of(text + "!") == ""


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_form_is_held_against_its_own_cookie(cookie: str, other: str) -> None:
    assert is_form_key(cookie, form_key(cookie)) == bool(cookie)
    assert cookie == other or not is_form_key(cookie, form_key(other))
    assert not is_form_key(cookie, other)
