"""Make the golden bundle again: ``make golden``. A signed audit of 60 sums against the adding server of the tests.

The key is made for this and thrown away; only its public half is kept beside the bundle.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from tests.conftest import SumsServer

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"


def main() -> None:
    """Replace ``tests/assets/golden`` and its public key."""
    from steelyard.cli import execute as steelyard
    from steelyard.evidence.keys import describe_key
    from steelyard.evidence.ledger import parse_lines

    with tempfile.TemporaryDirectory() as folder, SumsServer() as server:
        work = Path(folder)
        os.environ["STEELYARD_KEY"] = str(work / "key.pem")
        os.environ["XDG_STATE_HOME"] = str(work / "state")
        questions = work / "sums.jsonl"
        pairs = [(number, number * 7 % 91) for number in range(60)]
        questions.write_text(
            "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)
        )
        sheet = work / "sheet.yaml"
        sheet.write_text(
            "model: adder\nvendor: tests\nclaims:\n  - {task: sums, value: 75}\n  - {task: sums, value: 99}\n"
        )
        assert steelyard(["key", "new"]) == 0
        model = f"openai:sums@{server.url}"
        # One connection, so that the whole bundle is short: rows stop as soon as they are decided.
        command = ["audit", str(sheet), "--model", model, "--task", str(questions), "--concurrency", "1"]
        shutil.rmtree(GOLDEN, ignore_errors=True)
        code = steelyard([*command, "--out", str(GOLDEN)])
        assert code == 1, code
        shutil.copy(work / "key.pub.pem", HERE / "golden.pub.pem")
        lines = parse_lines((GOLDEN / "ledger.jsonl").read_bytes(), "ledger.jsonl")
        keyid = describe_key(work / "key.pub.pem").keyid
        (HERE / "golden.head.json").write_text(
            json.dumps({"keyid": keyid, "lines": 2, "digest": lines[1].digest}) + "\n"
        )


if __name__ == "__main__":
    main()
