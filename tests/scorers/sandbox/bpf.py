"""A small interpreter of classic BPF as seccomp runs it, and what the kernel's own checks demand of a program."""

from __future__ import annotations

import struct
from collections.abc import Sequence

LOAD, RETURN = 0x20, 0x06
JUMPS = {0x15, 0x35, 0x45}  # equal, at least, any bit of


def disassembled(program: bytes) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("<HBBI", program))


def check(program: bytes) -> None:
    """What ``bpf_check_classic`` and ``seccomp_check_filter`` ask: known steps, aligned loads, jumps inside, an end."""
    steps = disassembled(program)
    assert 0 < len(steps) <= 4096
    for place, (code, yes, no, value) in enumerate(steps):
        assert code in {LOAD, RETURN, *JUMPS}
        if code == LOAD:
            assert value % 4 == 0
            assert 0 <= value < 64
        if code in JUMPS:
            assert place + 1 + max(yes, no) < len(steps)
    assert steps[-1][0] == RETURN


def run(program: bytes, *, number: int, audit: int, arguments: Sequence[int] = ()) -> int:
    """What the program returns for one system call."""
    words = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, audit, 0x7F0000001000, *(word % (1 << 64) for word in words))
    steps, place, accumulator = disassembled(program), 0, 0
    while True:
        code, yes, no, value = steps[place]
        place += 1
        if code == RETURN:
            return value
        if code == LOAD:
            (accumulator,) = struct.unpack_from("<I", data, value)
            continue
        holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
        place += yes if holds else no
