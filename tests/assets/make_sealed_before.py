"""Made ``sealed_before``: bundles sealed, and verified, by commit 0c6fe220, with rules that later versions replaced.

It is run with the code of that commit, and never again with a later one; ``expected.json`` holds what that code says
of each bundle. Public data (GSM8K, MMLU) are read from a mirror, and only digests of their samples are sealed::

    git worktree add --detach OLD 0c6fe220 && cd OLD
    PYTHONPATH=$PWD/src:$PWD python THIS_FILE MIRROR FOLDER

Answers are drawn by seeds, orders of samples are fixed, and each endpoint gets one call at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp import web

from tests.conftest import SumsServer

LOGS = Path(__file__).resolve().parent / "logs"
CARD = Path(__file__).resolve().parent / "cards" / "README.md"
WORDS = ["amber", "bell", "cedar", "dune", "ember", "fern", "glass", "harp", "iris", "jade"]
PARTS = {"gsm8k": 2, "mmlu": 8}  # rows of the public benchmarks in the mirror
# Own tasks: items, share of them always answered rightly, share that varies (greedy, sampled), scorer.
TASKS: dict[str, tuple[int, float, float, float, str]] = {
    "adds": (48, 0.80, 0.04, 0.04, "{name: numeric}"),
    "letters": (12, 0.10, 0.05, 0.05, "{name: letter}"),
    "names": (8, 0.80, 0.0, 0.0, "{name: answer}"),
    "exacts": (8, 0.40, 0.0, 0.0, "{name: exact}"),
    "finds": (8, 0.70, 0.1, 0.1, "{name: contains}"),
    "unsaid": (12, 0.10, 0.0, 0.1, "{name: numeric}"),
    "luck": (12, 0.40, 0.0, 1.0, "{name: numeric}"),
    "drawn": (6, 0.60, 0.0, 0.3, "{name: numeric}"),
    "macro": (12, 0.70, 0.1, 0.1, "{name: numeric}"),
    "phrases": (8, 0.50, 0.0, 0.0, "{name: similarity, measure: token_f1}"),
    "part": (16, 0.20, 0.0, 0.0, "{name: numeric}"),
    "ways": (8, 0.05, 0.0, 0.0, "{name: exact}"),
}
# How a right or wrong answer is dressed, by scorer; a share of the prompts is refused, or gets a loop.
PLAIN = ["{}", "The answer is {}.", "**{}**", "Answer: {}"]
POLITE = [
    *PLAIN,
    "Sure! Here is the answer you asked for:\n{}\nLet me know if you need more.",
    "Answer - {}",
    "{} (or so)",
]
ODD = ["I do not know.", "None of the above", "one one one one " * 20]


class Endpoint(SumsServer):
    """Answers the tasks above from their rows; with ``cached``, a prompt gets its first answer again."""

    def __init__(self, rows: dict[str, tuple[str, str]], *, cached: bool = False) -> None:
        super().__init__()
        self.rows, self.cached, self.kept = rows, cached, dict[str, str]()
        self.random = random.Random(35)

    def _routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/completions", self._chat)

    async def _chat(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        prompt = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        text = self._reply(prompt, sampled=bool(body.get("temperature")))
        text = self.kept.setdefault(prompt, text) if self.cached else text
        choice = {"text": text} if "prompt" in body else {"message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        return web.json_response(
            {"model": self.name, "choices": [{"index": 0, "finish_reason": "stop"} | choice], "usage": usage}
        )

    def _reply(self, prompt: str, *, sampled: bool) -> str:
        found = next(((q, *row) for q, row in self.rows.items() if q in prompt), None)
        if found is None:
            return f"nothing, {self.random.random():.6f}"
        question, task, target = found
        _, right, greedy, warm, _ = TASKS.get(task, (0, {"mmlu": 0.97}.get(task, 0.6), 0.0, 0.0, ""))
        place, dress = (int.from_bytes(hashlib.sha256(f"{s} {question}".encode()).digest()[:4]) / 2**32 for s in "ab")
        varies = warm if sampled else greedy
        is_right = self.random.random() < 0.5 if place < varies else place < varies + right
        if task == "phrases":
            return " ".join(target.split()[: 3 + int(place * 7)])
        if not is_right and dress < 0.2:
            return ODD[int(dress * 15)]
        other = {"B": "A"}.get(target, "B") if len(target) == 1 and target.isalpha() else None
        said = target if is_right else other or (str(int(target) + 1) if target.isdigit() else "zinc")
        dresses = PLAIN if task in ("letters", "mmlu") else POLITE
        return dresses[int(dress * len(dresses))].format(said)


def own(work: Path) -> dict[str, tuple[str, str]]:
    """Writes the task files; what each item asks, with its task and right answer."""
    rows: dict[str, tuple[str, str]] = {}
    for name, (count, *_, scorer) in TASKS.items():
        lines = []
        for n in range(count):
            target = {
                "letters": "ABCD"[n % 4], "names": WORDS[n % 10], "exacts": WORDS[n * 3 % 10], "finds": WORDS[n * 7 % 10],  # noqa: E501
                "phrases": " ".join(WORDS), "ways": str(n + 40),
            }.get(name, str(n * 7 % 91 + 11))  # fmt: skip
            rows[f"{name} {n:02}?"] = (name, target)
            index = (
                {"index": "ABCD".index(target), "options": ["one", "two", "three", "four"]} if name == "letters" else {}
            )
            lines.append({"n": f"{n:02}", "answer": target, "kind": "abc"[n % 3 and n % 5 % 2 + 1]} | index)
        (work / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        fields = "{target: index, choices: options}" if name == "letters" else "{target: answer}"
        fields = "{target: answer, group: kind}" if name == "macro" else fields
        prompts = f'  plain: {{prompt: "{name} {{{{ n }}}}?", chat: true}}\n'
        if name == "ways":
            prompts += f'  curt: {{prompt: "Curtly: {name} {{{{ n }}}}?", chat: true}}\n'
        (work / f"{name}.yaml").write_text(
            f"id: {name}\ntitle: {name.title()}\npublic: {str(name == 'ways').lower()}\nfile: {name}.jsonl\n"
            f"items: {{count: {count}}}\nfields: {fields}\nscorer: {scorer}\nprompts:\n{prompts}"
        )
    return rows


def public(work: Path, mirror: Path) -> dict[str, tuple[str, str]]:
    """A mirror of the first rows of two public benchmarks."""
    rows: dict[str, tuple[str, str]] = {}
    for name, path in {"gsm8k": "openai/gsm8k/main", "mmlu": "cais/mmlu/all"}.items():
        lines = (mirror / path / "test.jsonl").read_text().splitlines()[: PARTS[name]]
        for row in map(json.loads, lines):
            answer = row["answer"].rpartition("#### ")[2] if name == "gsm8k" else "ABCD"[row["answer"]]
            rows[row["question"].strip()] = (name, answer)
        (work / "data" / path).mkdir(parents=True)
        (work / "data" / path / "test.jsonl").write_text("\n".join(lines) + "\n")
        if name == "gsm8k":
            train = (mirror / path / "train.jsonl").read_text().splitlines()[:10]
            (work / "data" / path / "train.jsonl").write_text("\n".join(train) + "\n")
    return rows


SHEETS = {
    # Greedy rows asked twice, by five scorers; a macro average; partial scores; the first `n` of N; what the vendor
    # remarks on a task of the auditor's own; decoding unstated (a check that spares nobody, and one that does); sampled.  # noqa: E501
    "claims": """
  - {task: adds, value: 45, protocol: {decoding: greedy}}
  - {task: letters, value: 99, variant: turbo mode, protocol: {decoding: greedy}}
  - {task: exacts, value: 97, protocol: {decoding: greedy}}
  - {task: finds, value: 75, protocol: {decoding: greedy}}
  - {task: macro, value: 60, average: macro, protocol: {decoding: greedy}}
  - {task: phrases, value: 45, protocol: {decoding: greedy}}
  - {task: part, value: 99, samples: 12, protocol: {decoding: greedy}}
  - {task: part, value: 99, note: our usual settings, protocol: {prompt: our own words, decoding: greedy}}
  - {task: unsaid, value: 96}
  - {task: luck, value: 93}
  - {task: drawn, value: 99, protocol: {decoding: temperature 0.7}}
""",
    # Beside the rows that a card gave, on a part of public benchmarks: remarks that only confirm; a format that is
    # unstated, some of whose formats need log-likelihoods; the letter within 16 tokens; two formats that both miss.
    "public": """
  - {task: gsm8k, value: 99, shots: 0, protocol: {prompt: gsm8k_cot_zeroshot, decoding: greedy}}
  - {task: mmlu, value: 98, shots: 0, protocol: {decoding: greedy}}
  - {task: mmlu, value: 30, shots: 0, note: our usual settings, protocol: {prompt: letter_generate, decoding: greedy}}
  - {task: ways, value: 99, protocol: {decoding: greedy}}
""",
    "cached": """
  - {task: exacts, value: 99, protocol: {decoding: temperature 0.7}}
  - {task: finds, value: 60, protocol: {decoding: greedy}}
""",
    "process": """
  - {task: exacts, value: 70, protocol: {decoding: greedy}}
""",
}
VOTES = "GSM8K was scored by majority voting over eight answers."


class Maker:
    """Makes bundles in ``out``, with what the code at hand says of each."""

    def __init__(self, work: Path, out: Path) -> None:
        self.work, self.out = work, out

    def call(self, *command: str, out: str = "", codes: tuple[int, ...] = (0, 1, 3)) -> None:
        from steelyard.cli import execute

        place = ["--out", str(self.out / out)] if out else []
        code = execute([*command, *place])
        print(out, "exit", code, flush=True)
        assert code in codes, code

    def audit(self, name: str, model: str, *more: str) -> None:
        sheet = self.work / f"{name}.yaml"
        if not sheet.is_file():
            sheet.write_text("model: sums\nvendor: tests\nclaims:")
        sheet.write_text(sheet.read_text().rstrip() + SHEETS[name])
        named = [task for task in TASKS if f"task: {task}," in SHEETS[name]]
        tasks = [part for task in named for part in ("--task", str(self.work / f"{task}.yaml"))]
        self.call("audit", str(sheet), "--model", model, "--concurrency", "1", *tasks, *more, out=name)

    def make(self, rows: dict[str, tuple[str, str]]) -> None:
        with Endpoint(rows) as one, Endpoint(rows, cached=True) as cache:
            model = f"openai:sums@{one.url}"
            self.audit("claims", model, "--key", str(self.work / "key.pem"))
            card = self.work / "public.yaml"
            self.call("import", str(CARD), "--out", str(card))
            card.write_text(card.read_text().replace("footnotes:\n", f"footnotes:\n  - {VOTES}\n"))
            self.audit("public", model, "--data", str(self.work / "data"), "--allow-part", "--accept-model")
            self.audit("cached", f"openai:sums@{cache.url}")
            asks = ["--model", model, "--concurrency", "1"]
            self.call("run", str(self.work / "part.yaml"), *asks, "--out", str(self.work / "part"))
            self.call("gate", str(self.work / "adds.yaml"), *asks, "--at-least", "0.05", out="gate")
            pair = [str(self.work / "part.yaml"), *asks, "--baseline", str(self.work / "part"), "--margin", "50"]
            self.call("gate", *pair, out="gate_pair")
            whole = [str(self.work / "names.yaml"), *asks, "--at-least", "0.99", "--max-latency-p95", "60s"]
            self.call("gate", *whole, out="gate_budget")
        self.audit("process", "embedded:smollm2", "--accept-model")
        self.call("import", str(LOGS / "inspect_letters.eval"), "--scorer", "letter", out="imported")
        self.texts()

    def texts(self) -> None:
        """Two runs of texts by servers of other words; their result alone is kept."""
        from tests.writing_server import WritingServer, run_texts, task_file

        task = task_file(self.work)
        run_texts(task, self.work / "one", WritingServer(1))
        run_texts(task, self.work / "kelp", WritingServer(3, "kelp"))
        pair = [str(self.work / "one"), "--reference", str(self.work / "kelp")]
        self.call("detect", "text_identity", *pair, out="texts")


def said_of(bundle: Path) -> dict[str, Any]:
    """What ``steelyard verify --no-pages`` says of a bundle: its exit code, its words and the digests of its seal."""
    from steelyard.api.results import verified
    from steelyard.api.text_identity import verify_identity
    from steelyard.api.watch_verify import verify_watch
    from steelyard.comparison.text_identity_seal import SEAL
    from steelyard.watching.folder import is_watch
    from steelyard.watching.words import headline

    if is_watch(bundle):
        watch = verify_watch(bundle, ignores_pages=True)
        said = {"exit": int(watch.exit_code), "passes": watch.passes, "scores": watch.scores}
        return said | {"headline": headline(watch.standing)}
    if (bundle / SEAL).is_file():
        found = verify_identity(bundle)
        seal = hashlib.sha256((bundle / SEAL).read_bytes()).hexdigest()
        return {"exit": 0, "word": found.identity.word.value, "guesses": found.identity.guesses, "seal": seal}
    result = verified(bundle)
    verdict, recomputed = result.recomputed.verdict, result.recomputed
    is_open = result.not_recomputed or recomputed.other_drawers
    return {
        "exit": 3 if is_open else 0,
        "verdict": verdict.verdict.value,
        "run_exit": verdict.exit,
        "claims": [[claim.task, claim.verdict.value, claim.asked] for claim in verdict.claims],
        "results": [[test.rule, test.word.value] for test in verdict.results],
        "scores": [recomputed.scores, recomputed.withheld],
        "root": result.integrity.root,
        "answers_root": result.integrity.answers_root,
        "seal": result.integrity.bundle.sha256,
    }


def withhold(bundle: Path) -> None:
    """Leaves the samples of public benchmarks out of a bundle's texts, which are not sealed there."""
    texts = bundle / "texts" / "main-0000.jsonl"
    lines = texts.read_text().splitlines(keepends=True)
    texts.write_text("".join(line for line in lines if not any(f'\\"{name}/' in line for name in PARTS)))


def main(mirror: Path, out: Path) -> None:
    """Replace ``out`` by the bundles and ``expected.json``."""
    from steelyard.cli import execute
    from steelyard.planning import orders

    orders.secrets = SimpleNamespace(token_hex=lambda size: "5eed")  # type: ignore[assignment, attr-defined]
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        os.environ["XDG_STATE_HOME"] = str(work / "state")
        os.environ["STEELYARD_KEY"] = str(work / "none.pem")  # no other run is signed
        assert execute(["key", "new", "--out", str(work / "key.pem")]) in (0, 2)
        Maker(work, out).make(own(work) | public(work, mirror))
        shutil.copy(work / "key.pub.pem", out / "claims.pub.pem")
    withhold(out / "public")
    said = {path.name: said_of(path) for path in sorted(out.iterdir()) if path.is_dir()}
    (out / "expected.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
