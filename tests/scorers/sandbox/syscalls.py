"""The numbers of Linux's system calls, and a way to name them in a program that runs inside the sandbox."""

from __future__ import annotations

import platform
from pathlib import Path


def _read() -> dict[str, dict[str, int]]:
    """``syscalls.txt``: name, number on x86_64, number on aarch64, "-" where there is none.

    Preprocessed from the headers of Linux 6.12 (Debian's linux-libc-dev 6.12.101): asm/unistd_64.h, and
    asm-generic/unistd.h with what arm64's asm/unistd.h defines.
    """
    numbers: dict[str, dict[str, int]] = {"x86_64": {}, "aarch64": {}}
    for line in (Path(__file__).parent / "syscalls.txt").read_text(encoding="ascii").splitlines():
        name, *columns = line.split()
        for architecture, column in zip(numbers, columns, strict=True):
            if column != "-":
                numbers[architecture][name] = int(column)
    return numbers


NUMBERS = _read()
HERE = NUMBERS.get(platform.machine(), NUMBERS["x86_64"])
