"""What ``steelyard verify`` prints of one bundle, as lines and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.members import member_of_plugin
from steelyard.planning.rules import former_sentence
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.api.results import VerifyResult
    from steelyard.evidence.verify import Integrity
    from steelyard.records import Verdict
    from steelyard.verification.ledgers import Shown
    from steelyard.verification.recompute import Recomputed

__all__ = ["print_integrity", "print_verified", "verified_facts"]


def verified_facts(result: VerifyResult) -> dict[str, Any]:
    """What was computed again, for ``--json``."""
    integrity, found = result.integrity, result.recomputed
    sources = found.plan.sheet.source_files if found.plan.sheet else ()
    return {
        "holds": result.holds,
        "verdict": found.verdict.verdict,
        "records": integrity.records,
        "segments": integrity.segments,
        "root": integrity.root,
        "answers": integrity.answers,
        "answers_root": integrity.answers_root,
        "timestamp": None
        if integrity.stamp is None
        else {
            "time": integrity.stamp.time,
            "authority": integrity.stamp.authority,
            "signature_checked": integrity.stamp_checked,
        },
        "signed_by": integrity.signed_by,
        "trusted": integrity.trusted,
        "scores_recomputed": found.scores,
        "scores_withheld": found.withheld,
        "scores_from_journal": found.executed,
        "unreadable_with_tokens": found.wasted,
        "answers_under_errors": found.disowned,
        "pages_redrawn": found.pages,
        "pages_not_compared": found.not_compared,
        "not_recomputed": list(found.verdict.not_recomputed),
        "former_rules": former_sentence(found.plan),
        "inconsistent_at": [f"{each.task}: {each.place}" for each in found.verdict.claims if each.place],
        "sources": [{"file": each.file, "sha256": each.sha256} for each in sources],
        "sealed_addresses": _addresses(result),
        "tasks_not_here": {task: list(names) for task, names in found.tasks_not_here.items()},
        "accused_as_sealed": list(found.accusing),
        "images_drawn_elsewhere": dict(found.other_drawers),
    }


def print_verified(result: VerifyResult, beside: Shown) -> None:
    """Print what verifying one bundle came to: what lessens it, then what was computed again, then what was not.

    ``beside`` is what its time stamp and its ledger say.
    """
    from steelyard.planning.own_names import not_the_benchmark, own_under_public_names
    from steelyard.planning.series import TYPED, new_key_sentence, source_sentence
    from steelyard.reports.limits import error_rates
    from steelyard.reports.words import counted

    integrity, found = result.integrity, result.recomputed
    origin = found.plan.origin.kind
    if result.not_recomputed:
        click.echo(f"intact, {counted(len(result.not_recomputed), 'result')} not recomputed")
    if found.not_compared:
        click.echo(_warning(result.folder, found.not_compared))
    if of_own := not_the_benchmark(own_under_public_names(found.plan)):
        click.echo(of_own)
    if former := former_sentence(found.plan):
        click.echo(former)
    if found.plan.sheet and not source_sentence(found.plan.sheet):  # sealed before any report said so
        click.echo(TYPED)
    for sentence in found.verdict.order:
        click.echo(sentence)
    if not integrity.trusted and origin == "asked" and (new_key := new_key_sentence(found.plan)):
        click.echo(new_key)
    if beside.stamp:
        click.echo(beside.stamp)
    print_integrity(integrity, whole=not result.not_recomputed)
    if origin == "gateway":
        click.echo(f"a gateway recording: report recomputed from the journal; {_pages(found.pages)}")
        if found.disowned:
            click.echo(f"{found.disowned} replies hold a complete answer under an error status")
        return
    if beside.ledger:
        click.echo(beside.ledger)
    _print_scores(found, origin)
    click.echo(f"verdict recomputed: {_word(found.verdict)}; {_pages(found.pages)}")
    for each in (each for each in found.verdict.claims if each.place):
        click.echo(f"{one_line(each.task, 80)}: inconsistent, claimed in {one_line(each.place, 160)}")
    if any(claim.asked for claim in found.verdict.claims):
        click.echo(error_rates(found.verdict))
    _print_as_sealed(result)


def print_integrity(integrity: Integrity, *, whole: bool) -> None:
    """How much the seal names, and who signed it: ``whole`` where everything that follows from it was recomputed."""
    chains = "one chain" if integrity.segments == 1 else f"{integrity.segments} chains"
    click.echo(
        f"{'holds' if whole else 'intact'}: {integrity.records} records in {chains}, Merkle root {integrity.root[:16]}…"
    )
    if integrity.answers:
        click.echo(f"answers root, independent of machine and order: {integrity.answers_root}")
    for message in integrity.messages:
        click.echo(message)


def _print_scores(found: Recomputed, origin: str) -> None:
    """How many scores were computed again, and how many were taken from the journal."""
    sealed = f", {found.withheld} taken as sealed, since their texts are withheld" if found.withheld else ""
    click.echo(f"{found.scores} scores recomputed from the model outputs{sealed}")
    if found.executed:
        by = "by the other harness" if origin == "imported" else "by running code"
        if any(result.rule.startswith(("identity@", "next_token@")) for result in found.verdict.results):
            by = "by the reference's weights, or by running code"
        click.echo(f"{found.executed} scores made {by}, taken from the journal: not recomputed here")
    if found.wasted:
        click.echo(f"{found.wasted} attempts used tokens without a readable reply: none of them counts as an answer")


def _word(verdict: Verdict) -> str:
    """The verdict's word; of gates their colours, of a choice its standings, each with its number."""
    from steelyard.reports.choices import counted_standings, is_choice
    from steelyard.reports.gates import counted_colours, is_gated
    from steelyard.reports.headlines import only_measures

    if is_choice(verdict):
        return ", ".join(f"{number} {standing}" for standing, _, number in counted_standings(verdict))
    if is_gated(verdict):
        return ", ".join(f"{number} {colour}" for colour, _, number in counted_colours(verdict))
    return "nothing but measured" if only_measures(verdict) else verdict.verdict.words


def _print_as_sealed(result: VerifyResult) -> None:
    """What was not computed again here, and so rests on whoever sealed it."""
    from steelyard.planning.sealed_planner import BY_WORDS
    from steelyard.records import DIFFICULTY_INPUT
    from steelyard.reports.words import counted

    found = result.recomputed
    if of_words := sum(each.confirms_only.startswith(BY_WORDS) for each in found.plan.served):
        click.echo(
            f"as sealed: {counted(of_words, 'request')} that may only confirm, by a former rule's lists of words"
        )
    for task, resting in found.tasks_not_here.items():
        click.echo(_not_here(task, resting, found.plan.tasks.get(task, "")))
    for name in found.accusing:
        click.echo(_accusing(name))
    for task, drawn_by in found.other_drawers.items():
        click.echo(_drawn_elsewhere(task, drawn_by))
    for name, given in found.plan.inputs.items():
        named = f"the input {name} ({given.kind} {given.sha256[:16]}…)"
        if given.kind == DIFFICULTY_INPUT:
            click.echo(f"{named} is whole in the plan; that its panel's models answered so is its maker's word")
            continue
        click.echo(f"{named} is not compared here: what the plan holds of it is taken as sealed")
    for name, number in _addresses(result).items():
        of = counted(number, "address", "addresses")
        click.echo(
            f"{name}: one of {of} that the suite's seal is said to name; steelyard suite show SUITE --run compares it"
        )
    rules = {test.id: test.rule for test in found.plan.tests}
    for test in found.verdict.not_recomputed:
        member = member_of_plugin(f"detector.{rules[test].partition('@')[0]}")
        how = member.how_to_install if member else "install it"
        click.echo(f"not recomputed: the test {test}, since no detector {rules[test]} is installed here: {how}")


def _addresses(result: VerifyResult) -> dict[str, int]:
    """By check of variants: the number of sealed addresses by which its level was divided, as the plan says it."""
    tests = [each for each in result.recomputed.plan.tests if each.rule.startswith("leak@")]
    return {each.id: each.sealed["addresses"] for each in tests if "addresses" in each.sealed}


def _pages(redrawn: bool) -> str:
    return f"report pages {'redrawn and equal' if redrawn else 'NOT compared'}"


def _warning(run: Path, why: str) -> str:
    place = shlex.quote(str(run))
    return (
        f"report.md and report.html were NOT compared, do not rely on them: {why}. "
        f"Draw your own: steelyard report {place} --html own.html --markdown own.md"
    )


def _not_here(task: str, resting: Sequence[str], origin: str) -> str:
    what = "a task file" if origin == "file" else f"a task of {one_line(origin, 80)}"
    names = one_line(", ".join(resting), 200)
    return (
        f"as sealed: {names}: {what} that is not here ({one_line(task, 80)}) has its prompt, scorer and chance score, "
        "and says whether a claim about it may be accused, or only confirmed"
    )


def _accusing(measurement: str) -> str:
    return (
        f"as sealed: {one_line(measurement, 80)}: the claim states another number of worked examples than the plan "
        "shows. That it may be accused all the same is the word of whoever sealed it: ask for the task file"
    )


def _drawn_elsewhere(task: str, drawn_by: str) -> str:
    from steelyard.tasks.drawing.picture import drawer

    return (
        f"images of {task} NOT drawn again: they are of {drawn_by}, and here it is {drawer()}; what they show, and all "
        "questions and answers, were made again. With that version of vl-convert-python the bytes are compared too"
    )
