"""``steelyard show`` of an identity check: what the endpoint was asked, and what it gave; nothing of it is right.

Beside each text stands how surprising it is to the reference: a display, from which no verdict follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
import msgspec

from steelyard.cli.output import field_lines, print_json
from steelyard.errors import InputError
from steelyard.util.numbers import signed

if TYPE_CHECKING:
    from steelyard.records import ModelOutput
    from steelyard.storage.run_folder import RunFolder

__all__ = ["show_held"]

_TOKENS_SHOWN = 5  # of the likeliest next ones


def show_held(run: RunFolder, limit: int, options: tuple[str, ...], *, as_json: bool) -> int:
    """Print each prompt with what came, in the order of the journal.

    ``options`` are those that were given and choose among answers: they are refused, since none is right or wrong.
    """
    if options:
        raise InputError(f"{options[0]}: in an identity check nothing is right or wrong: leave it out", where=run.path)
    found = list(_given(run))
    if as_json:
        print_json({"answers": found, "of": len(found)})
        return 0
    from steelyard.reports.answers_page import WITHHELD
    from steelyard.util.console import out

    width = out().width
    for each in islice(found, limit or None):
        click.echo(f"· {each['by']}, place {each['position'] + 1} of the order")
        for name in ("prompt", "answer"):
            text = WITHHELD if each[name] is None else each[name] or "(nothing came)"
            for line in field_lines(name, text, width):
                click.echo(line)
        for role, surplus in each["surprise"].items():
            nats, z = signed(surplus["surplus"], 2), signed(surplus["z"], 1)
            click.echo(f"  {nats} nat surplus of surprise (z = {z}) by the {role}")
        click.echo()
    shown = min(limit, len(found)) if limit else len(found)
    click.echo(f"{shown:,} of {len(found):,} answers" + (": --limit 0 shows all" if shown < len(found) else ""))
    return 0


def _given(run: RunFolder) -> Iterator[dict[str, Any]]:
    from steelyard.auditing.answers import question_of
    from steelyard.auditing.scoring import output_of, sample_of
    from steelyard.records import Attempt
    from steelyard.storage.journal.reader import read_lines
    from steelyard.storage.journal.texts import open_index

    texts, measurements = open_index(run.path), run.plan.by_id
    surprises = _surprises(run)
    for record, _ in read_lines(run.path):
        if not isinstance(record, Attempt) or not record.final or record.measurement not in measurements:
            continue
        by_tokens = measurements[record.measurement].kind == "next_token"
        sample, output = sample_of(record, texts, of=run.plan.by_id.get(record.measurement)), output_of(record, texts)
        yield {
            "by": "next tokens" if by_tokens else "text",
            "position": record.position,
            "outcome": record.outcome.value,
            "prompt": None if sample is None else question_of(sample),
            "answer": None if output is None else _likeliest(output) if by_tokens else output.text,
            "surprise": surprises.get((record.measurement, record.sample), {}),
        }


def _surprises(run: RunFolder) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
    """By measurement and sample: by reference the surplus of surprise (nats) and its z, as far as they are recorded."""
    from steelyard.auditing.scoring import scorers_of
    from steelyard.records import RecordedScore
    from steelyard.scorers.surprise import Surprise, number_of
    from steelyard.storage.journal.reader import read_lines

    scorers = {
        scorer.identifier: scorer
        for several in scorers_of(run.plan).values()
        for scorer in several
        if isinstance(scorer, Surprise)
    }
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for record, _ in read_lines(run.path):
        scorer = scorers.get(record.scorer) if isinstance(record, RecordedScore) else None
        if scorer is not None and isinstance(record, RecordedScore) and record.value is not None:
            by_role = found.setdefault((record.measurement, record.sample), {}).setdefault(scorer.role, {})
            by_role[scorer.which] = round(number_of(record.value), 6)
    return {  # a score whose fellow was not recorded is not shown
        call: {role: each for role, each in by_role.items() if {"surplus", "z"} <= each.keys()}
        for call, by_role in found.items()
    }


def _likeliest(output: ModelOutput) -> str:
    """The likeliest next tokens with their log-probabilities."""
    try:
        names = msgspec.json.decode(output.text, type=list[str])
    except msgspec.MsgspecError:
        return ""  # no answer came
    likeliest = zip(names[:_TOKENS_SHOWN], output.logprobs, strict=False)
    return ", ".join(f"{name!r} {value:.2f}" for name, value in likeliest)
