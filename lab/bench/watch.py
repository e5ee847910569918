"""A watch that sees a real model replaced by a smaller one: ``python -m bench.watch [--looks N]``.

The embedded model is served on loopback under one name: its Q4_1 file for the baseline and the first looks, then its
Q2_K requantisation from the same port. The commands of a user ask it; days are looks, one after the other.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from steelyard.cli import execute

__all__ = ["PROBE", "measure"]

ITEMS, PASSES, MOST = 60, 10, 40
PROBE = f"""\
id: little_sums
title: Little sums
chance: 0
public: false
generator:
  name: chain_sum
  count: {ITEMS}
  seed: watch-1
  options: {{min_terms: 2, max_terms: 2, first_largest: 99, largest: 5}}
fields: {{target: answer}}
shots: {{seed: shots-2, count: 3}}
scorer: {{name: exact}}
default_prompt: completion
prompts:
  completion:
    prefix: "{{% for shot in shots %}}Q: {{{{ shot.question }}}}\\n\
A: {{{{ shot.question }}}} = {{{{ shot.answer }}}}\\n\\n{{% endfor %}}"
    prompt: "Q: {{{{ question }}}}\\nA: {{{{ question }}}} ="
    stop: ["\\n"]
    max_tokens: 8
"""
SERVER = """
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path, parameters.n_ctx, parameters.n_parallel = sys.argv[1], 2048, 1
parameters.port = int(sys.argv[2])
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.warmup = False
server = xllamacpp.Server(parameters)
print("ADDRESS", server.listening_address, flush=True)
sys.stdin.read()
"""


def measure(folder: Path, honest: int) -> list[dict[str, Any]]:
    """Begin a watch in ``folder``, take some looks, replace the model, and look until the alarm; the state after each.

    The last one is that of the alarm, or of the last of ``MOST`` looks.
    """
    from steelyard.models.embedded_file import ensure_smollm2

    (folder / "probe.yaml").write_text(PROBE)
    port = _free_port()
    model = f"openai:smollm2@http://127.0.0.1:{port}/v1"
    served = folder / "model.gguf"  # one file name, which the server gives as the model's
    states = []
    shutil.copyfile(ensure_smollm2(), served)
    with _serving(served, port):
        probe, watch = str(folder / "probe.yaml"), str(folder / "watch")
        states.append(_said(["watch", "begin", probe, "--model", model, "--out", watch, "--passes", str(PASSES)]))
        states += [_said(["watch", "look", watch]) for _ in range(honest)]
    served.unlink()
    _said(["model", "requantise", str(served), "--as", "Q2_K"], as_json=False)
    with _serving(served, port):
        while len(states) <= honest + MOST and (len(states) <= honest or states[-1]["state"] != "alarm"):
            states.append(_said(["watch", "look", watch]))
    return states


def _said(command: list[str], *, as_json: bool = True) -> dict[str, Any]:
    said, errors = StringIO(), StringIO()
    with redirect_stdout(said), redirect_stderr(errors):
        code = execute([*command, *(["--json"] if as_json else [])])
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(command)}: exit {code}: {errors.getvalue()[-400:]}")
    found: dict[str, Any] = json.loads(said.getvalue()) if as_json else {}
    return found


@contextmanager
def _serving(file: Path, port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(file), str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        next(line for line in process.stdout if line.startswith("ADDRESS"))
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Print every look of such a watch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=3, help="looks before the model is replaced")
    honest = parser.parse_args().looks
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        states = measure(Path(folder), honest)
        seconds = time.process_time() - began
    console, last = Console(width=100), states[-1]
    base = last["baseline"]
    title = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {ITEMS} items, {PASSES} passes of the baseline"
    table = Table(title=title)
    for name in ("look", "served", "right", "E", "state", "changed"):
        table.add_column(name, justify="left" if name in ("served", "state", "changed") else "right")
    for look, state in zip(last["looks"], states[1:], strict=True):
        changed = ", ".join(each["kind"] for each in look["changes"])
        file = "Q4_1" if look["look"] <= honest else "Q2_K"
        table.add_row(
            str(look["look"]), file, f"{100 * look['mean']:.1f} %", f"{look['e']:.3g}", state["state"], changed
        )
    console.print(table)
    console.print(f"baseline {100 * base['mean']:.1f} %, lower bound {100 * base['bound']:.1f} %")
    if last["alarm_since_look"] is None:
        console.print(f"no alarm in {len(states) - 1 - honest} looks at the smaller model")
        return
    days = last["alarm_since_look"] - honest
    console.print(f"alarm after {days} days with the smaller model: {days * ITEMS} calls")
    console.print(f"our own CPU: {seconds / (PASSES + len(states) - 1):.2f} s a pass")


if __name__ == "__main__":
    main()
