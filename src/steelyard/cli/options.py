"""Options that several commands share, and how their values are parsed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from steelyard.util.duration import read_duration

__all__ = [
    "RunArguments",
    "api_key_option",
    "api_keys_option",
    "asking_options",
    "data_option",
    "deadline_option",
    "json_option",
    "key_option",
    "patience_option",
    "print_json",
    "ray_options",
    "task_option",
]

F = TypeVar("F", bound=Callable[..., Any])

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="STEELYARD_DATA",
    help="A local mirror of the data sets: <hub id>/<config>/<split>.jsonl. Also STEELYARD_DATA.",
)
task_option = click.option(
    "--task",
    "task_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A task of your own that claims can name: a task file (.yaml) or questions (.jsonl, .csv, .parquet).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
key_option = click.option(
    "--key",
    type=click.Path(path_type=Path),
    help="Sign with this key (default: the one from steelyard key new, if any).",
)
api_key_option = click.option(
    "--api-key-env", metavar="NAME", help="The environment variable that holds the endpoint's API key."
)
api_keys_option = click.option(
    "--api-key-env",
    multiple=True,
    metavar="[ROLE=]NAME",
    help="The environment variable that holds the endpoint's API key; by role where there are several models.",
)

COST = click.FloatRange(min=0, min_open=True)

deadline_option = click.option(
    "--deadline", metavar="TIME", help="End after this time without waiting for calls in flight (exit 4): 2h."
)
patience_option = click.option(
    "--patience",
    metavar="TIME",
    default="10m",
    show_default=True,
    help="How long to wait for an endpoint that is down.",
)

_RAY = (
    click.option(
        "--ray",
        is_flag=False,
        flag_value="local",
        metavar="[ADDRESS]",
        help="Send requests from many machines: a Ray cluster at auto or HOST:PORT; --ray alone, put last, starts one.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="With --ray: the number of workers (default: one per machine, at least two).",
    ),
)


def ray_options(command: F) -> F:
    """Add the options of every command that can run on many machines."""
    for option in reversed(_RAY):
        command = option(command)
    return command


_ASKING = (
    click.option(
        "--model",
        "uri",
        required=True,
        multiple=True,
        metavar="[ROLE=]URI",
        help="The model under test: embedded:smollm2, gguf:PATH, openai:NAME@URL, recorded:RUN or world:PATH. "
        "Further models by role, as reference=URI, for a detector that compares models.",
    ),
    click.option("--out", type=click.Path(path_type=Path), help="The folder of the run (default: runs/NAME-TIME)."),
    data_option,
    task_option,
    click.option("--budget", metavar="TIME", help="Stop after this much time: 90s, 15m, 2h."),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        help="Ask at most N samples of each task: the first of the sealed order.",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="Requests in flight at an endpoint (default: adaptive, up to 128); an in-process model always has one.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0.1, 86400),
        default=120.0,
        show_default=True,
        help="Seconds until an attempt counts as timed out.",
    ),
    click.option("--rpm", type=click.IntRange(min=1), metavar="N", help="At most N requests per minute."),
    click.option("--tpm", type=click.IntRange(min=1), metavar="N", help="At most about N tokens per minute."),
    click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="Stop before a model uses N tokens."),
    click.option(
        "--max-cost", type=COST, metavar="AMOUNT", help="Stop before a model's cost exceeds this, at your --prices."
    ),
    click.option("--price", metavar="IN,OUT", help="Price per million prompt and completion tokens."),
    click.option(
        "--prices",
        type=click.Path(path_type=Path),
        help="Your price table (YAML): model name: {prompt: 0.15, completion: 0.60}, per million tokens.",
    ),
    click.option(
        "--with-texts",
        is_flag=True,
        help="Seal the texts of samples and outputs too: do not publish them, or the benchmark is contaminated.",
    ),
    deadline_option,
    patience_option,
    *_RAY,
    key_option,
    api_keys_option,
)


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """The values of :func:`asking_options`, one field per option; ``steelyard resume`` has some of them.

    ``ends_at`` is the deadline on the monotonic clock, in seconds: it starts when the arguments are read. Raises
    InputError for an invalid ``--deadline`` or ``--patience``.
    """

    uri: tuple[str, ...] = ()
    out: Path | None = None
    data: Path | None = None
    task_files: tuple[Path, ...] = ()
    budget: str | None = None
    limit: int | None = None
    concurrency: int | None = None
    timeout: float = 120.0
    rpm: int | None = None
    tpm: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price: str | None = None
    prices: Path | None = None
    with_texts: bool = False
    deadline: str | None = None
    patience: str = "10m"
    ray: str | None = None
    workers: int | None = None
    key: Path | None = None
    api_key_env: tuple[str, ...] = ()
    ends_at: float | None = field(init=False)

    def __post_init__(self) -> None:
        read_duration(self.patience, "--patience")
        deadline = read_duration(self.deadline, "--deadline")
        object.__setattr__(self, "ends_at", None if deadline is None else time.monotonic() + deadline)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, at least 0; None without one."""
        return None if self.ends_at is None else max(0.0, self.ends_at - time.monotonic())


def asking_options(command: F) -> F:
    """Add the options of every command that runs a model."""
    for option in reversed(_ASKING):
        command = option(command)
    return command


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, without infinities, safe for any terminal."""
    import json

    click.echo(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=True))
