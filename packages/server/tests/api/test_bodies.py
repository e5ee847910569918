from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard_server.api.bodies import body_of
from steelyard_server.api.job_requests import JobRequest


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is no job: Input data was truncated"),
        (b"[" * 100_000, "the body is no job: "),
        (b"\xff", "the body is no job: "),
        (b"{}", "missing required field `asks`"),
        (b'{"asks": {"kind": "run", "model": "m"}, "priority": "\\n"}', "at `$.priority`"),
    ],
)
def test_what_is_no_such_record_is_one_line(body: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        body_of(body, JobRequest, "job")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_what_is_one_is_read() -> None:
    assert body_of(b'{"asks": {"kind": "run", "model": "m", "task": "t"}}', JobRequest, "job").priority == 0
