"""Run one command and weigh it: ``python -I -S launch.py OUT.json LIMIT_SECONDS COMMAND…``.

It imports little on purpose: the kernel counts the memory of the process that starts another to that other's peak, so
the one that starts must be the smaller. Linux only (``/proc``).
"""

from __future__ import annotations

import os
import signal
import sys
import time

__all__ = ["main"]

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_SECONDS = 0.05


def tree_bytes(root: int) -> int:
    """Resident bytes of a process and all its descendants, now; 0 once it has ended."""
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        try:
            with open(f"/proc/{process}/statm") as statm:
                total += int(statm.read().split()[1]) * PAGE_BYTES
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children") as children:
                    waiting.extend(map(int, children.read().split()))
        except (OSError, IndexError):  # it ended while we looked
            continue
    return total


def main() -> None:
    """Start the command in a session of its own, wait for its end or the limit, and write what it took."""
    out, limit, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    began, peak, stopped = time.monotonic(), 0, False
    child = os.posix_spawnp(command[0], command, os.environ, setsid=True)
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        peak = max(peak, tree_bytes(child))
        if not stopped and time.monotonic() - began > limit:
            stopped = True
            os.killpg(child, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    # json is not worth its import here: the numbers are plain.
    with open(out, "w") as file:
        file.write(
            f'{{"code": {os.waitstatus_to_exitcode(status)}, "stopped": {str(stopped).lower()}, '
            f'"wall_s": {time.monotonic() - began:.4f}, "cpu_s": {usage.ru_utime + usage.ru_stime:.4f}, '
            f'"max_mb": {usage.ru_maxrss / 1024:.1f}, "tree_mb": {peak / 2**20:.1f}}}'
        )


if __name__ == "__main__":
    main()
