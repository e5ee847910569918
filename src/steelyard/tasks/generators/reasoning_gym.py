"""reasoning-gym's procedural tasks, through the extra ``procedural``: ``reasoning-gym:NAME``."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from steelyard.errors import InputError, MissingDependency
from steelyard.tasks.definition import Fields, Generator, PromptFormat, TaskDefinition
from steelyard.tasks.task import Task

__all__ = ["generate", "open_task"]

COUNT = 300
PUBLIC_SEED = "public-1"


def generate(seed: str, count: int, name: str = "", **options: Any) -> Sequence[dict[str, str]]:
    """``count`` rows of one of reasoning-gym's data sets; ``options`` are passed on unchanged.

    Raises MissingDependency if the package is not installed, InputError for an unknown data set or option.
    """
    try:
        import reasoning_gym
    except ImportError:
        raise MissingDependency("reasoning-gym is not installed: pip install 'steelyard[procedural]'") from None
    number = int.from_bytes(sha256(seed.encode()).digest()[:4]) >> 1  # its seeds are positive 32-bit integers
    try:
        items = reasoning_gym.create_dataset(name, seed=number, size=count, **options)
        return [{"question": str(item["question"]), "answer": str(item["answer"])} for item in items]
    except (ValueError, TypeError, AssertionError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"reasoning-gym:{name}: {reason}") from None


def open_task(name: str) -> Task:
    """A task of one data set with its default options: zero-shot, as a message or as a completion."""
    differences = ("Scored by exact match; reasoning-gym's own scorers may give partial credit.",)
    definition = TaskDefinition(
        id=f"reasoning-gym:{name}",
        title=f"reasoning-gym {name}",
        licence="Apache-2.0",
        source="https://github.com/open-thought/reasoning-gym",
        fields=Fields(target="answer"),
        generator=Generator(name="reasoning_gym", count=COUNT, seed=PUBLIC_SEED, options={"name": name}),
        scorer={"name": "exact"},
        prompts={
            "completion": PromptFormat(
                prompt="Q: {{ question }}\nA:", stop=("\nQ:", "\n\n"), max_tokens=256, differences=differences
            ),
            "chat": PromptFormat(
                prompt="{{ question }}\nReply with the answer alone.",
                chat=True,
                max_tokens=512,
                differences=differences,
            ),
        },
        default_prompt="completion",
    )
    return Task(definition, Path(f"reasoning-gym:{name}"))
