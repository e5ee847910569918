"""What a vendor's endpoint does with a prompt: which model answers it, and which answers it knows by heart.

Pure rules: no sockets and no weights, so that they can be read and tested alone. The vendor knows its benchmarks: a
prompt that begins with the published worked examples of a routed row goes to the model that gave the row. Everything
else goes to the model that is served, as users get it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from steelyard.records import GenerateRequest
from steelyard.tasks.catalogue import open_task_file
from steelyard.tasks.task import Task

__all__ = [
    "PROMPT",
    "TASKS",
    "Benchmark",
    "Reply",
    "Row",
    "Vendor",
    "benchmark_of",
    "limit_of",
    "open_row_task",
    "split_prompt",
]

TASKS: Final = Path(__file__).parent / "tasks"
PROMPT: Final = "completion"


@dataclass(frozen=True)
class Row:
    """One row of a vendor's table: ``value`` in percent, as printed.

    ``gave``: the model that gave it. ``routed``: prompts that look like it are sent there. ``memorised``: the share of
    its public items whose answers the vendor holds.
    """

    task: str
    value: str
    gave: str
    routed: bool = False
    memorised: float = 0.0


@dataclass(frozen=True)
class Benchmark:
    """What the vendor knows of a published benchmark: its worked examples, and the answers to its items by prompt."""

    prefix: str
    answers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """Who answers a prompt: a model by its letter; ``text`` where the answer is known by heart."""

    model: str
    text: str = ""


def open_row_task(name: str) -> Task:
    """The task of a row."""
    return open_task_file(TASKS / f"{name}.yaml")


def benchmark_of(task: Task) -> Benchmark:
    """The published prompt and answers of a task."""
    samples = list(task.prepare(PROMPT))
    asked = [(sample.request, sample.target) for sample in samples if isinstance(sample.request, GenerateRequest)]
    return Benchmark(asked[0][0].prefix, {request.prompt: target for request, target in asked})


def limit_of(row: Row) -> int:
    """The tokens of an answer at most. The vendor states it, so that what runs over is scored as it stands."""
    return open_row_task(row.task).prompt_format(PROMPT).max_tokens


class Vendor:
    """The rules of one vendor. ``served`` is the model that answers whatever is not routed."""

    def __init__(self, rows: Sequence[Row], served: str) -> None:
        self.served = served
        self._routed = [(row, benchmark_of(open_row_task(row.task))) for row in rows if row.routed]

    def reply_to(self, prompt: str) -> Reply:
        """Who answers this prompt."""
        for row, benchmark in self._routed:
            if prompt.startswith(benchmark.prefix):
                question = prompt[len(benchmark.prefix) :]
                answer = benchmark.answers.get(question, "")
                if answer and _share_of(question) < row.memorised:
                    return Reply(row.gave, f" {answer}\n")
                return Reply(row.gave)
        return Reply(self.served)


def split_prompt(prompt: str) -> tuple[str, str]:
    """The worked examples and the question: what comes often is decoded once, and kept."""
    cut = prompt.rfind("\n\n") + 2 if "\n\n" in prompt else 0
    return prompt[:cut], prompt[cut:]


def _share_of(question: str) -> float:
    """A number in [0, 1) that a question has, the same in every run."""
    return int.from_bytes(sha256(f"by heart:{question}".encode()).digest()[:8]) / 2**64
