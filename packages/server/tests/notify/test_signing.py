from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from packages.server.tests.notify.receiver import is_signed
from steelyard_server.notify.signing import new_signing_secret, signed_headers


def test_a_known_answer_of_the_specifications_own_libraries() -> None:
    """The vector that its reference libraries are tested with."""
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_secrets_are_random_and_of_the_length_that_the_specification_asks_for() -> None:
    found = {new_signing_secret() for _ in range(20)}
    assert len(found) == 20
    assert {len(base64.b64decode(each.removeprefix("whsec_"), validate=True)) for each in found} == {32}


@given(st.binary(max_size=200), st.integers(0, 2**40))
def test_each_secret_signs_and_no_other_fits(body: bytes, at: int) -> None:
    old, new, other = (new_signing_secret() for _ in range(3))
    headers = signed_headers([new, old], "msg_1", at, body)
    assert is_signed(old, headers, body)
    assert is_signed(new, headers, body)
    assert not is_signed(other, headers, body)
    assert not is_signed(new, headers, body + b" ")
    assert not is_signed(new, headers | {"webhook-timestamp": str(at + 1)}, body)
