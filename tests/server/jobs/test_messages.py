from __future__ import annotations

import subprocess
import sys

from steelyard.server.jobs.messages import clock


def test_the_clock_is_the_same_for_every_process() -> None:
    program = "from steelyard.server.jobs.messages import clock; print(clock())"
    before = clock()
    told = float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
    assert before < told < clock()
