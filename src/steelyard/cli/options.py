"""Options that several commands share, and how their values are parsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from steelyard.api.arguments import REAL_RANGES, WHOLE_RANGES, RunArguments, effort_word, ends_after
from steelyard.errors import InputError
from steelyard.util.duration import read_duration

__all__ = [
    "api_key_option",
    "api_keys_option",
    "asking_options",
    "data_option",
    "deadline_option",
    "dry_run_option",
    "json_option",
    "key_option",
    "own_file_options",
    "patience_option",
    "prompting_options",
    "ray_options",
    "run_arguments",
    "sending_options",
    "table_options",
    "task_option",
    "timestamp_option",
    "whole",
]

F = TypeVar("F", bound=Callable[..., Any])


def _no_system(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise InputError(
            "--system: questions have no system message; --instruction TEXT stands before each one, and a prompt "
            "format of a task file (.yaml) may have its own 'system'"
        )


data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="STEELYARD_DATA",
    help="A local mirror of the data sets: <hub id>/<config>/<split>.jsonl. Also STEELYARD_DATA.",
)
_TABLES = (
    click.option(
        "--question",
        default="",
        metavar="COLUMN",
        help="The column of your file that holds the questions: its name, or Excel's letter.",
    ),
    click.option(
        "--answer",
        default="",
        metavar="COLUMN",
        help="The column of your file that holds the expected answers: its name, or Excel's letter.",
    ),
    click.option("--sheet", "sheet_name", default="", metavar="NAME", help="The sheet of your Excel file."),
    click.option("--skip-empty", is_flag=True, help="Leave out rows of your file without question or answer."),
)
_OWN_FILES = (
    *_TABLES[:3],
    click.option(
        "--instruction",
        default="",
        metavar="TEXT|@FILE",
        help="Put this text, or what FILE holds, before each question of your file.",
    ),
    click.option(
        "--choices",
        default="",
        metavar="A,B,C",
        help="The labels that each answer of your file is one of: they are named to the model (also A|B|C).",
    ),
    _TABLES[3],
    click.option("--system", hidden=True, callback=_no_system, expose_value=False),
)


def own_file_options(command: F) -> F:
    """Add the options of every command that reads a file of questions."""
    for option in reversed(_OWN_FILES):
        command = option(command)
    return command


def table_options(command: F) -> F:
    """Add the options by which a table of questions is read, to a command that sends them elsewhere."""
    for option in reversed(_TABLES):
        command = option(command)
    return command


task_option = click.option(
    "--task",
    "task_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A task of your own that claims can name: a task file (.yaml) or questions "
    "(.jsonl, .json, .csv, .tsv, .xlsx, .parquet).",
)
dry_run_option = click.option(
    "--dry-run",
    is_flag=True,
    help="Print the expected calls, tokens, time, cost and decisions, and send no sample (exit 3: nothing to ask).",
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


def whole(name: str) -> click.IntRange:
    """The type of a whole number's option, with the range that it has in Python too."""
    return click.IntRange(*WHOLE_RANGES[name])


_ROLE = re.compile(r"([a-z][a-z0-9-]*)=(.*)", re.DOTALL)
COST = click.FloatRange(min=0, min_open=True)

deadline_option = click.option(
    "--deadline",
    metavar="TIME",
    help="End after this time without a conclusion (exit 4); steelyard resume goes on: 2h.",
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


_LEDGER = (
    click.option(
        "--new-ledger",
        is_flag=True,
        help="Begin a ledger for a key that has none; every later bundle says that earlier audits are unknown.",
    ),
    click.option(
        "--no-ledger",
        is_flag=True,
        help="Sign without a ledger, as in CI without storage; the report says that nobody counts the audits.",
    ),
)

timestamp_option = click.option(
    "--timestamp",
    default="",
    metavar="URL",
    help="Have this time stamp authority (RFC 3161) date the ledger's line before anything is asked; needs the extra "
    "timestamp.",
)

_ASKING = (
    click.option(
        "--model",
        "uri",
        required=True,
        multiple=True,
        metavar="[ROLE=]URI",
        help="The model under test: openai:NAME@URL, anthropic:NAME[@URL], openai-responses:NAME[@URL], "
        "gemini:NAME[@URL], azure:DEPLOYMENT@URL, embedded:smollm2, gguf:PATH, hf:FOLDER, recorded:RUN, world:PATH "
        "or python:MODULE:FUNCTION (your own code, which runs in this process and is not sandboxed). "
        "Further models by role, as reference=URI, for a detector that compares models; given again, any of the "
        "references may be served.",
    ),
    click.option("--out", type=click.Path(path_type=Path), help="The folder of the run (default: runs/NAME-TIME)."),
    data_option,
    *_OWN_FILES,
    click.option(
        "--budget",
        metavar="TIME",
        help="Stop asking after this time and conclude from what was answered: 90s, 15m, 2h.",
    ),
    click.option(
        "--limit",
        type=whole("limit"),
        metavar="N",
        help="Ask at most N samples of each task: the first of the sealed order.",
    ),
    click.option(
        "--concurrency",
        type=whole("concurrency"),
        metavar="N",
        help="Requests in flight at an endpoint (default: adaptive, up to 128); an in-process model always has one.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(*REAL_RANGES["timeout"]),
        default=120.0,
        show_default=True,
        help="Seconds until an attempt counts as timed out.",
    ),
    click.option("--rpm", type=whole("rpm"), metavar="N", help="At most N requests per minute."),
    click.option("--tpm", type=whole("tpm"), metavar="N", help="At most about N tokens per minute."),
    click.option(
        "--output-tokens",
        type=whole("output_tokens"),
        metavar="N",
        help="At most N tokens in one answer, reasoning included (default: the prompt format's own; where the model "
        "reasons, 16,384 or the most that the endpoint takes).",
    ),
    click.option(
        "--reasoning-effort",
        metavar="EFFORT",
        help="Sent with every request to an endpoint that reasons: none, minimal, low, medium, high, or its own word.",
    ),
    click.option("--max-tokens", type=whole("max_tokens"), metavar="N", help="Stop before a model uses N tokens."),
    click.option(
        "--max-cost", type=COST, metavar="AMOUNT", help="Stop before a model's cost exceeds this, at your --prices."
    ),
    click.option("--price", metavar="IN,OUT", help="Price per million prompt and completion tokens."),
    click.option(
        "--price-cached",
        metavar="IN",
        help="Price per million prompt tokens that the endpoint had cached (default: IN).",
    ),
    click.option(
        "--price-reasoning",
        metavar="OUT",
        help="Price per million completion tokens that were reasoning (default: OUT).",
    ),
    click.option(
        "--prices",
        type=click.Path(path_type=Path),
        help="Your price table (YAML): model name: {prompt: 0.15, completion: 0.60}, per million tokens; cached and "
        "reasoning where they differ.",
    ),
    click.option(
        "--with-texts",
        is_flag=True,
        help="Seal the texts of samples and outputs too: do not publish them, or the benchmark is contaminated.",
    ),
    click.option(
        "--scorer",
        default="",
        metavar="NAME[:OPTION]",
        help="Score answers to questions of your own by this rule, such as exact or numeric:strict, not the task's.",
    ),
    deadline_option,
    patience_option,
    *_RAY,
    key_option,
    *_LEDGER,
    timestamp_option,
    api_keys_option,
)


def asking_options(command: F) -> F:
    """Add the options of every command that runs a model."""
    for option in reversed(_ASKING):
        command = option(command)
    return command


_OF_QUESTIONS = frozenset(
    (
        "data",
        "question",
        "answer",
        "sheet_name",
        "instruction",
        "choices",
        "skip_empty",
        "system",
        "limit",
        "with_texts",
        "scorer",
    )
)
# What a judge's run has no use for: its samples are the answers of another run.
_OF_SAMPLES = _OF_QUESTIONS | {"budget", "ray", "workers"}
# What an identity check has no use for: its prompts are its own, and so is what an answer may have.
_OF_ANSWERS = _OF_QUESTIONS | {"output_tokens", "reasoning_effort"}


def sending_options(command: F) -> F:
    """Add the options of :func:`asking_options` that are about models and sending, not about samples."""
    return _asking_without(_OF_SAMPLES, command)


def prompting_options(command: F) -> F:
    """Add the options of :func:`asking_options` for a command whose prompts are its own."""
    return _asking_without(_OF_ANSWERS, command)


def _asking_without(names: frozenset[str], command: F) -> F:
    command = asking_options(command)
    known: list[click.Parameter] = command.__click_params__  # type: ignore[attr-defined]
    command.__click_params__ = [each for each in known if each.name not in names]  # type: ignore[attr-defined]
    return command


def run_arguments(
    *,
    uri: tuple[str, ...] = (),
    api_key_env: tuple[str, ...] = (),
    budget: str | None = None,
    deadline: str | None = None,
    patience: str | None = None,
    price: str | None = None,
    price_cached: str | None = None,
    price_reasoning: str | None = None,
    reasoning_effort: str | None = None,
    question: str = "",
    answer: str = "",
    sheet_name: str = "",
    instruction: str = "",
    choices: str = "",
    skip_empty: bool = False,
    several: bool = False,
    **plain: Any,
) -> RunArguments:
    """The values of :func:`asking_options`, or of some of them, read; the deadline starts now.

    With ``several``, further models without a role are ``candidate-2``, ``candidate-3`` and so on.
    Raises InputError for an invalid duration, price or effort, a role given twice, and ``--workers`` without ``--ray``.
    """
    from steelyard.api.limits import price_pair, single_price
    from steelyard.records.file_options import FileOptions
    from steelyard.tasks.file_options import instruction_of, labels_of

    if plain.get("workers") is not None and plain.get("ray") is None:
        raise InputError("--workers needs --ray: add it, or leave out --workers")
    if plain.get("new_ledger") and plain.get("no_ledger"):
        raise InputError("--new-ledger and --no-ledger exclude each other: leave one out")
    return RunArguments(
        models=_by_role(as_references(_as_candidates(uri) if several else uri), "--model"),
        keys=_by_role(api_key_env, "--api-key-env"),
        budget_seconds=read_duration(budget, "--budget"),
        ends_at=ends_after(read_duration(deadline, "--deadline")),
        patience_seconds=read_duration(patience, "--patience"),
        price=price_pair(price, "--price"),
        price_cached=single_price(price_cached, "--price-cached"),
        price_reasoning=single_price(price_reasoning, "--price-reasoning"),
        reasoning_effort=effort_word(reasoning_effort, "--reasoning-effort"),
        own_files=FileOptions(
            question=question,
            answer=answer,
            sheet=sheet_name,
            instruction=instruction_of(instruction),
            choices=labels_of(choices),
            skip_empty=skip_empty,
        ),
        shows_progress=True,
        owns_process=True,
        **plain,
    )


def _as_candidates(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values, of which those without a role get one: the first is the subject, others are candidates."""
    from steelyard.records import candidate_role

    found, plain = [], 0
    for value in values:
        if _ROLE.fullmatch(value) is None:
            plain += 1
            value = f"{candidate_role(plain)}={value}"
        found.append(value)
    return tuple(found)


def as_references(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values, of which further ones for ``reference`` are ``reference-2`` and so on: any of these may be served.

    Raises InputError for too many of them.
    """
    from steelyard.records import MOST_REFERENCES, REFERENCE, reference_role

    found, files = [], 0
    for value in values:
        parts = _ROLE.fullmatch(value)
        if parts and parts[1] == REFERENCE:
            files += 1
            value = f"{reference_role(files)}={parts[2]}"
        found.append(value)
    if files > MOST_REFERENCES:
        raise InputError(f"--model {REFERENCE}=… is given {files} times: at most {MOST_REFERENCES} files can be held")
    return tuple(found)


def _by_role(values: tuple[str, ...], option: str) -> dict[str, str]:
    """``ROLE=VALUE`` by role; values without a role are the subject's. Raises InputError for a role given twice."""
    from steelyard.records import SUBJECT

    found: dict[str, str] = {}
    for value in values:
        parts = _ROLE.fullmatch(value)
        role, plain = (parts[1], parts[2]) if parts else (SUBJECT, value)
        if role in found:
            raise InputError(f"{option} is given twice for the role {role}: give it once for each role, as ROLE=VALUE")
        found[role] = plain
    return found


def with_subject(args: RunArguments) -> RunArguments:
    """The arguments as they are; raises InputError where no model is under test."""
    from steelyard.records import SUBJECT

    if SUBJECT not in args.models:
        raise InputError("no model under test is given: add --model URI, without a role")
    return args
