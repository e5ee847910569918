from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard_server.web.call import fields_of


def test_fields_of_a_form() -> None:
    assert fields_of(b"name=a+b%C3%A9&empty=") == {"name": "a bé", "empty": ""}
    assert fields_of(b"") == {}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a", b"\xff=1", b"&".join(b"f%d=1" % n for n in range(50))])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        fields_of(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_refused(body: bytes) -> None:
    with suppress(InputError):
        assert all(isinstance(each, str) for pair in fields_of(body).items() for each in pair)
