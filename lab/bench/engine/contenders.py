"""How to run the same work with each harness, and where it reports its score."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.engine.server import ROOT

__all__ = ["PEERS", "Contender", "Finish", "Floor", "InspectAI", "LmEval", "Ours", "Work", "contenders", "run_weighed"]

PEERS = ROOT / ".venv-peers"
DIALECTS = ("anthropic", "openai-responses", "gemini", "azure")
LAUNCH = Path(__file__).with_name("launch.py")

INSPECT_TASK = """from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import exact
from inspect_ai.solver import generate


@task
def sums():
    return Task(dataset=json_dataset({path!r}), solver=generate(), scorer=exact())
"""
LM_EVAL_TASK = """task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: {path}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{input}}}}"
doc_to_target: "{{{{target}}}}"
generation_kwargs: {{until: [], max_gen_toks: 16, do_sample: false}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""


@dataclass(frozen=True)
class Work:
    """What is to be done: the questions, the server, the connections, and a folder for what a harness leaves."""

    questions: Path
    url: str
    connections: int
    folder: Path
    options: tuple[str, ...] = ()  # for ours alone: deadlines and the like


@dataclass(frozen=True)
class Finish:
    """What one pass took. ``stopped``: by us, at the limit. ``cpu_s``: user and system, all processes of it."""

    code: int
    stopped: bool
    wall_s: float
    cpu_s: float
    max_mb: float
    tree_mb: float


class Contender(Protocol):
    """One harness."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def unavailable_reason(self) -> str:
        """Say why it cannot run here, or nothing."""
        ...

    def command(self, work: Work) -> tuple[list[str], Mapping[str, str]]:
        """The command line, and what it wants in its environment."""
        ...

    def score(self, work: Work) -> float | None:
        """The score that it reported, a fraction; None where it reported none."""
        ...

    def scored(self, work: Work) -> int:
        """How many samples it has a result for."""
        ...


@dataclass(frozen=True)
class Ours:
    """``steelyard run``, as a user types it, by the dialect of a ``kind`` of endpoint."""

    name: str = "steelyard"
    kind: str = "openai"

    def unavailable_reason(self) -> str:
        """It is always there."""
        return ""

    def command(self, work: Work) -> tuple[list[str], Mapping[str, str]]:
        """Measure the file of questions as it is."""
        command = [
            sys.executable,
            "-m",
            "steelyard",
            "run",
            str(work.questions),
            "--model",
            f"{self.kind}:stub@{work.url}",
        ]
        command += ["--concurrency", str(work.connections), "--out", str(work.folder / "run"), *work.options]
        return command, {"STEELYARD_KEY": str(work.folder.parent / "key.pem")}

    def score(self, work: Work) -> float | None:
        """From the sealed scores: the share of right answers, a missing one counting as wrong."""
        values = self._values(work)
        return sum(value or 0.0 for value in values) / len(values) if values else None

    def scored(self, work: Work) -> int:
        """How many have a value."""
        return sum(value is not None for value in self._values(work))

    @staticmethod
    def _values(work: Work) -> list[float | None]:
        path = work.folder / "run" / "scores.jsonl"
        if not path.is_file():
            return []
        with path.open() as lines:
            return [score["value"] for score in map(json.loads, lines) if score["position"] >= 0]


@dataclass(frozen=True)
class Floor:
    """The bare aiohttp loop."""

    name: str = "bare loop"

    def unavailable_reason(self) -> str:
        """It is always there."""
        return ""

    def command(self, work: Work) -> tuple[list[str], Mapping[str, str]]:
        """Run, and print the score."""
        floor = ["-m", "bench.engine.floor", work.url, str(work.questions), str(work.connections)]
        return [sys.executable, *floor], {"PYTHONPATH": str(ROOT)}

    def score(self, work: Work) -> float | None:
        """What it printed."""
        return float(_log(work).strip() or "nan")

    def scored(self, work: Work) -> int:
        """All, or it would have failed."""
        return len(work.questions.read_text().splitlines())


@dataclass(frozen=True)
class InspectAI:
    """``inspect eval``, without its display: with it, it takes a third more CPU."""

    name: str = "inspect-ai"
    _bin: Path = field(default=PEERS / "inspect" / "bin", repr=False)

    def unavailable_reason(self) -> str:
        """It wants an environment of its own."""
        return "" if (self._bin / "inspect").is_file() else f"{self._bin}/inspect is missing: run make bench-engine"

    def command(self, work: Work) -> tuple[list[str], Mapping[str, str]]:
        """Write its task and name it."""
        (work.folder / "task.py").write_text(INSPECT_TASK.format(path=str(work.questions)))
        command = [str(self._bin / "inspect"), "eval", "task.py", "--model", "openai-api/stub/stub"]
        command += ["--max-connections", str(work.connections), "--temperature", "0", "--max-tokens", "16"]
        home = str(work.folder.parent / "home")
        return [*command, "--display", "none", "--log-dir", "logs"], {
            "STUB_API_KEY": "x", "STUB_BASE_URL": work.url, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": home,
        }  # fmt: skip

    def score(self, work: Work) -> float | None:
        """From the header of its log."""
        results = self._header(work).get("results") or {}
        found = [score["metrics"].get("mean", score["metrics"].get("accuracy")) for score in results.get("scores", [])]
        return float(found[0]["value"]) if found and found[0] else None

    def scored(self, work: Work) -> int:
        """How many samples its log holds as completed."""
        return int((self._header(work).get("results") or {}).get("completed_samples", 0))

    def _header(self, work: Work) -> dict[str, Any]:
        logs = sorted((work.folder / "logs").glob("*.eval"))
        if not logs:
            return {}
        dump = [str(self._bin / "inspect"), "log", "dump", "--header-only", str(logs[-1])]
        found = subprocess.run(dump, capture_output=True, text=True)
        header: dict[str, Any] = json.loads(found.stdout or "{}")
        return header


@dataclass(frozen=True)
class LmEval:
    """``lm_eval`` with its chat completions, logging every sample."""

    name: str = "lm-eval"
    _bin: Path = field(default=PEERS / "lm-eval" / "bin", repr=False)

    def unavailable_reason(self) -> str:
        """It wants an environment of its own."""
        return "" if (self._bin / "lm_eval").is_file() else f"{self._bin}/lm_eval is missing: run make bench-engine"

    def command(self, work: Work) -> tuple[list[str], Mapping[str, str]]:
        """Write its task and name it."""
        (work.folder / "tasks").mkdir()
        (work.folder / "tasks" / "sums.yaml").write_text(LM_EVAL_TASK.format(path=json.dumps(str(work.questions))))
        about = f"model=stub,base_url={work.url}/chat/completions,num_concurrent={work.connections}"
        about += ",tokenizer_backend=None,tokenized_requests=False"
        command = [str(self._bin / "lm_eval"), "--model", "local-chat-completions", "--model_args", about]
        command += ["--include_path", "tasks", "--tasks", "sums", "--apply_chat_template"]
        home = str(work.folder.parent / "home")
        return [*command, "--output_path", "out", "--log_samples"], {
            "OPENAI_API_KEY": "x", "HF_HUB_OFFLINE": "1", "HF_HOME": home, "XDG_CACHE_HOME": home,
        }  # fmt: skip

    def score(self, work: Work) -> float | None:
        """From its file of results."""
        files = sorted(work.folder.glob("out/**/results_*.json"))
        return float(json.loads(files[-1].read_text())["results"]["sums"]["exact_match,none"]) if files else None

    def scored(self, work: Work) -> int:
        """How many samples it logged."""
        files = sorted(work.folder.glob("out/**/samples_*.jsonl"))
        return len(files[-1].read_text().splitlines()) if files else 0


def contenders() -> tuple[Contender, ...]:
    """All, the floor first; ours by each provider's dialect."""
    return (
        Floor(),
        Ours(),
        *(Ours(f"steelyard {kind.removeprefix('openai-')}", kind) for kind in DIALECTS),
        LmEval(),
        InspectAI(),
    )


def run_weighed(contender: Contender, work: Work, limit_seconds: float) -> Finish:
    """One pass, from the start of its process to its end; what it prints goes to ``log`` in the work's folder."""
    shutil.rmtree(work.folder, ignore_errors=True)
    work.folder.mkdir(parents=True)
    command, wanted = contender.command(work)
    out = work.folder / "finish.json"
    kept = {name: value for name, value in os.environ.items() if not _is_private(name)}
    environment = {**kept, **wanted}
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(out), str(limit_seconds), *command]
    with (work.folder / "log").open("wb") as log, (work.folder / "errors").open("wb") as errors:
        subprocess.run(launch, cwd=work.folder, env=environment, stdout=log, stderr=errors, check=True)
    return Finish(**json.loads(out.read_text()))


def _is_private(name: str) -> bool:
    # Neither keys nor settings of the user's own reach a harness: every pass is the same for everybody.
    return bool(re.search(r"API_KEY|^STEELYARD_|^INSPECT_|^HF_|_proxy$", name, re.IGNORECASE))


def _log(work: Work) -> str:
    path = work.folder / "log"
    return path.read_text() if path.is_file() else ""
