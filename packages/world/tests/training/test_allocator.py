"""What is freed stays with the process: no page is asked for twice."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

_STEPS = """
import resource
import torch
from steelyard_world.training.allocator import keep_freed_memory
keep_freed_memory()
def step():
    kept = [torch.ones(2_000_000) for _ in range(8)]  # 8 MB each
    return sum(float(each[0]) for each in kept)
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="glibc's malloc only"
)
def test_no_page_is_faulted_in_again() -> None:
    done = subprocess.run([sys.executable, "-c", _STEPS], capture_output=True, text=True, check=True)
    pages = 5 * 8 * 8_000_000 / resource.getpagesize()
    assert int(done.stdout) < pages / 5  # all of them without it; the system itself may take some back
