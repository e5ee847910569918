"""Make the golden bundles again: ``make golden``. Signed audits against the adding server of the tests.

``golden`` is about 60 sums, right or wrong; ``golden_means`` about the mean of scores between 0 and 1, and about a
weighted average. The keys are made for this and thrown away; only their public halves are kept beside the bundles.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from aiohttp import web

from testkit.fixtures import SumsServer

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
GOLDEN_MEANS = HERE / "golden_means"
WORDS = [f"w{number}" for number in range(10)]
PHRASES = 40
KINDS = {"easy": 16, "hard": 12, "rare": 8}
HUB = "public: false\nhub: {{path: me/{name}, configs: [main], split: test}}\nitems: {{count: {count}}}\n"
MEANS = {
    "phrases": HUB.format(name="phrases", count=PHRASES)
    + """
fields: {target: answer}
scorer: {name: similarity, measure: token_f1}
prompts: {plain: {prompt: "Phrase {{ n }}?", chat: true}}
""",
    "kinds": HUB.format(name="kinds", count=sum(KINDS.values()))
    + """
fields: {target: answer, group: kind}
scorer: {name: numeric}
prompts: {plain: {prompt: "What is {{ a }} + {{ b }}?", chat: true}}
""",
}
SHEET = """
model: adder
vendor: tests
claims:
  - {task: phrases, value: 90, protocol: {decoding: greedy}}
  - {task: kinds, value: 65, average: weighted, weights: {easy: 1, hard: 2, rare: 5}, protocol: {decoding: greedy}}
"""


class MeansServer(SumsServer):
    """Adds, and says some of the words of a phrase, the same each time."""

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        if not prompt.startswith("Phrase "):
            return await super()._chat(request)
        text = " ".join(WORDS[: 3 + int(prompt.removeprefix("Phrase ").rstrip("?")) % 8])
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": self.name, "choices": [{"index": 0} | choice]})


def main() -> None:
    """Replace ``tests/assets/golden`` and ``golden_means``, each with its public key."""
    make_golden()
    make_means()


def make_golden() -> None:
    """Replace ``tests/assets/golden``."""
    with tempfile.TemporaryDirectory() as folder, SumsServer() as server:
        work = Path(folder)
        questions = work / "sums.jsonl"
        pairs = [(number, number * 7 % 91) for number in range(60)]
        questions.write_text(
            "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)
        )
        sheet = work / "sheet.yaml"
        sheet.write_text(
            "model: adder\nvendor: tests\nclaims:\n"
            "  - {task: sums, value: 75, protocol: {decoding: greedy}}\n"
            "  - {task: sums, value: 99, protocol: {decoding: greedy}}\n"
        )
        _audit(work, server, GOLDEN, "--task", str(questions))


def make_means() -> None:
    """Replace ``tests/assets/golden_means``: the claim on the mean is false, and that on the weighted average true."""
    with tempfile.TemporaryDirectory() as folder, MeansServer() as server:
        work = Path(folder)
        kinds = iter([kind for kind, count in KINDS.items() for _ in range(count)])
        rows = {
            "phrases": [{"n": n, "answer": " ".join(WORDS)} for n in range(PHRASES)],
            "kinds": [
                {"a": n, "b": n * 7 % 91, "answer": n + n * 7 % 91, "kind": kind} for n, kind in enumerate(kinds)
            ],
        }
        more = ["--data", str(work / "data")]
        for name, task in MEANS.items():
            mirror = work / "data" / "me" / name / "main" / "test.jsonl"
            mirror.parent.mkdir(parents=True)
            mirror.write_text("".join(json.dumps(row) + "\n" for row in rows[name]))
            (work / f"{name}.yaml").write_text(f"id: {name}\ntitle: {name.title()}\n{task}")
            more += ["--task", str(work / f"{name}.yaml")]
        (work / "sheet.yaml").write_text(SHEET)
        _audit(work, server, GOLDEN_MEANS, *more)


def _audit(work: Path, server: SumsServer, bundle: Path, *more: str) -> None:
    """A signed audit of the sheet in ``work``, with the public key and the head of the ledger beside the bundle."""
    from steelyard.cli import execute as steelyard
    from steelyard.evidence.keys import describe_key
    from steelyard.evidence.ledger import parse_lines

    os.environ["STEELYARD_KEY"] = str(work / "key.pem")
    os.environ["XDG_STATE_HOME"] = str(work / "state")
    assert steelyard(["key", "new"]) == 0
    # One connection, so that the whole bundle is short: rows stop as soon as they are decided.
    command = ["audit", str(work / "sheet.yaml"), "--model", f"openai:sums@{server.url}", "--concurrency", "1"]
    shutil.rmtree(bundle, ignore_errors=True)
    code = steelyard([*command, *more, "--out", str(bundle)])
    assert code == 1, code
    shutil.copy(work / "key.pub.pem", bundle.with_name(f"{bundle.name}.pub.pem"))
    lines = parse_lines((bundle / "ledger.jsonl").read_bytes(), "ledger.jsonl")
    head = {"keyid": describe_key(work / "key.pub.pem").keyid, "lines": 2, "digest": lines[1].digest}
    bundle.with_name(f"{bundle.name}.head.json").write_text(json.dumps(head) + "\n")


if __name__ == "__main__":
    main()
