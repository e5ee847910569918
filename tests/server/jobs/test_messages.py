from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from steelyard.server.jobs.messages import Ended, Progress, clock


def test_the_clock_is_the_same_for_every_process() -> None:
    program = "from steelyard.server.jobs.messages import clock; print(clock())"
    before = clock()
    told = float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
    assert before < told < clock()


@pytest.mark.parametrize(
    "line", [b'{"line":"progress","answered":-1,"planned":3}', b'{"line":"progress","answered":1e3}']
)
def test_numbers_that_are_none_are_refused(line: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(line, type=Progress | Ended)
