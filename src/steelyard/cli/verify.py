"""``steelyard verify``: check every digest, score and verdict of a bundle offline."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode

if TYPE_CHECKING:
    from cryptography import x509

    from steelyard.api.results import VerifyResult
    from steelyard.verification.ledgers import Shown


@click.command()
@click.argument("runs", metavar="BUNDLE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--require-key", type=click.Path(path_type=Path), help="Fail unless the bundle is signed by this public key."
)
@click.option(
    "--ledger",
    type=click.Path(path_type=Path),
    metavar="HEAD",
    help="Fail unless the key's ledger goes on from this head, which steelyard ledger head printed earlier; or from "
    "the line that an earlier timestamp.tsr of the key is of.",
)
@click.option(
    "--timestamp-root",
    "root_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="CA.pem",
    help="Check time stamps against this root of an authority (PEM); may be given several times. Needs the extra "
    "timestamp.",
)
@click.option(
    "--no-pages",
    "ignores_pages",
    is_flag=True,
    help="Do not end with 3 only because report.md and report.html could not be compared: you draw your own.",
)
@click.option(
    "--panel",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Of a result of steelyard detect: also verify the panel's runs, and make their extracts again.",
)
@click.option(
    "--run",
    "tested",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Of a result of steelyard detect: the same for a run that was tested; may be given several times.",
)
@click.option(
    "--model",
    "references",
    multiple=True,
    metavar="reference=gguf:PATH",
    help="Also compute again what only the weights of a run's reference can say, such as the likelihoods of texts; "
    "once for each file, in the run's order, where any of several could be served.",
)
@json_option
def command(
    runs: tuple[Path, ...],
    require_key: Path | None,
    ledger: Path | None,
    root_files: tuple[Path, ...],
    ignores_pages: bool,
    panel: Path | None,
    tested: tuple[Path, ...],
    references: tuple[str, ...],
    as_json: bool,
) -> int:
    """Recompute every digest, score and verdict of each BUNDLE offline; name the first check that fails (exit 1).

    A BUNDLE is the folder of a run, or alone the folder of a watch, whose passes, bound and E are computed again, or
    alone the result of steelyard detect, whose test is computed again from what it read.

    Of several bundles by one key, each must carry the same ledger, as far as it goes. Where roots of time stamp
    authorities are given, and no time stamp dates a bundle, the exit code is 3. The pages of the report are drawn
    again and compared where this version of Steelyard made them. Where they cannot be, the first line says so, and the
    exit code is 3.
    """
    from steelyard.api.progress import working
    from steelyard.api.results import verified
    from steelyard.cli.verify_detection import verify_one
    from steelyard.cli.verify_texts import verify_output_texts_at, verify_texts_at
    from steelyard.cli.verify_weights import held_facts, verify_outputs_at
    from steelyard.errors import InputError
    from steelyard.evidence import layout
    from steelyard.verification.ledgers import compare_ledgers, read_held
    from steelyard.watching.folder import is_watch

    if any(os.path.lexists(run / name) for run in runs for name in layout.RESULTS):
        if len(runs) > 1 or ledger is not None or root_files:
            raise InputError("a result of steelyard detect is verified alone, with --require-key, --panel and --run")
        if os.path.lexists(runs[0] / layout.OUTPUTS):
            return verify_outputs_at(runs[0], require_key, tested, references, as_json=as_json)
        if os.path.lexists(runs[0] / layout.OUTPUT_TEXTS):
            return verify_output_texts_at(runs[0], require_key, tested, as_json=as_json)
        if os.path.lexists(runs[0] / layout.TEXT_IDENTITY):
            return verify_texts_at(runs[0], require_key, tested, as_json=as_json)
        return verify_one(runs[0], require_key, panel, tested, as_json=as_json)
    if panel is not None or tested:
        raise InputError("--panel and --run are for a result of steelyard detect, which is not given", where=runs[0])
    if references and len(runs) > 1:
        raise InputError("--model is about one run at a time", where=runs[1])
    if any(map(is_watch, runs)):
        return _watch(runs, require_key, ledger, root_files, ignores_pages=ignores_pages, as_json=as_json)
    roots = _roots(root_files)
    ledgers = None if ledger is None else read_held(ledger, roots)
    results = []
    for run in runs:
        with working(f"verifying {run}"):
            results.append(verified(run, require_key, roots))
    compared = compare_ledgers([(each.folder, each.integrity) for each in results], ledgers, has_roots=bool(roots))
    shown = []
    for result, beside in zip(results, compared, strict=True):
        if as_json:
            shown.append(_facts(result))
        else:
            if len(results) > 1:
                click.echo(f"{result.folder}:")
            _print(result, beside)
        if references:
            held = held_facts(result, references, as_json=as_json)
            shown[-1:] = [{**each, "by_weights": held} for each in shown[-1:]]
    if as_json:
        print_json(shown[0] if len(shown) == 1 else {"bundles": shown})
    undated = bool(roots) and not all(each.is_dated for each in compared)
    codes = [_code(result, ignores_pages=ignores_pages) for result in results]
    return max([*codes, int(ExitCode.UNDECIDED if undated else ExitCode.CONSISTENT)])


def _watch(
    paths: tuple[Path, ...],
    require_key: Path | None,
    ledger: Path | None,
    root_files: tuple[Path, ...],
    *,
    ignores_pages: bool,
    as_json: bool,
) -> int:
    """A watch: all of its runs, and what follows from them together."""
    from steelyard.api.watch_verify import verify_watch
    from steelyard.cli.watch.output import notify
    from steelyard.errors import InputError
    from steelyard.watching import pages
    from steelyard.watching.words import headline

    if len(paths) > 1 or ledger is not None:
        raise InputError("a watch is verified alone, without --ledger: that is for the runs in it", where=paths[0])
    found = verify_watch(paths[0], require_key, _roots(root_files), notify, ignores_pages=ignores_pages)
    if as_json:
        print_json(
            {
                "holds": True,
                "signed_by": found.signed_by,
                "passes": found.passes,
                "scores_recomputed": found.scores,
                "in_ledger": found.in_ledger,
                "earlier_plans": found.earlier,
                "plans_between": found.between,
                "not_recomputed": list(found.open),
                **pages.machine(found.standing),
            }
        )
        return int(found.exit_code)
    signed = f"signed by {found.signed_by[:16]}…" if found.signed_by else "unsigned"
    click.echo(f"holds: {found.passes} passes in one chain, {found.scores:,} scores recomputed, {signed}")
    if found.passes and not found.in_ledger:
        click.echo("no key's ledger counts the passes: whoever made this could have asked in a copy first")
    if found.earlier:
        click.echo(f"by its ledger the key had begun {found.earlier} plans of this question before: an earlier watch?")
    if found.between:
        click.echo(f"by its ledger the key began {found.between} other plans of this question between the passes")
    for each in found.open:
        click.echo(f"not recomputed: {each}")
    click.echo(f"recomputed: {headline(found.standing)}")
    return int(found.exit_code)


def _roots(files: tuple[Path, ...]) -> Sequence[x509.Certificate]:
    if not files:
        return ()
    from steelyard.evidence.timestamp_signature import roots_at

    return roots_at(files, "--timestamp-root")


def _code(result: VerifyResult, *, ignores_pages: bool) -> int:
    """The exit code of one bundle; what dates it may be another."""
    others = result.recomputed.other_drawers
    is_open = result.not_recomputed or others or (result.pages_not_compared and not ignores_pages)
    return int(ExitCode.UNDECIDED if is_open else ExitCode.CONSISTENT)


def _facts(result: VerifyResult) -> dict[str, Any]:
    integrity, found = result.integrity, result.recomputed
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
        "sealed_addresses": _addresses(result),
        "tasks_not_here": {task: list(names) for task, names in found.tasks_not_here.items()},
        "accused_as_sealed": list(found.accusing),
        "images_drawn_elsewhere": dict(found.other_drawers),
    }


def _print(result: VerifyResult, beside: Shown) -> None:
    from steelyard.planning.own_names import not_the_benchmark, own_under_public_names
    from steelyard.planning.series import new_key_sentence
    from steelyard.records import DIFFICULTY_INPUT
    from steelyard.reports.choices import counted_standings, is_choice
    from steelyard.reports.gates import counted_colours, is_gated
    from steelyard.reports.headlines import only_measures
    from steelyard.reports.words import counted

    integrity, found = result.integrity, result.recomputed
    origin = found.plan.origin.kind
    if found.not_compared:
        click.echo(_warning(result.folder, found.not_compared))
    if of_own := not_the_benchmark(own_under_public_names(found.plan)):
        click.echo(of_own)
    for sentence in found.verdict.order:
        click.echo(sentence)
    if not integrity.trusted and origin == "asked" and (new_key := new_key_sentence(found.plan)):
        click.echo(new_key)
    if beside.stamp:
        click.echo(beside.stamp)
    chains = "one chain" if integrity.segments == 1 else f"{integrity.segments} chains"
    click.echo(f"holds: {integrity.records} records in {chains}, Merkle root {integrity.root[:16]}…")
    if integrity.answers:
        click.echo(f"answers root, independent of machine and order: {integrity.answers_root}")
    for message in integrity.messages:
        click.echo(message)
    if origin == "gateway":
        click.echo(f"a gateway recording: report recomputed from the journal; {_pages(found.pages)}")
        if found.disowned:
            click.echo(f"{found.disowned} replies hold a complete answer under an error status")
        return
    if beside.ledger:
        click.echo(beside.ledger)
    sealed = f", {found.withheld} taken as sealed, since their texts are withheld" if found.withheld else ""
    click.echo(f"{found.scores} scores recomputed from the model outputs{sealed}")
    if found.executed:
        by = "by the other harness" if origin == "imported" else "by running code"
        if any(result.rule.startswith(("identity@", "next_token@")) for result in found.verdict.results):
            by = "by the reference's weights, or by running code"
        click.echo(f"{found.executed} scores made {by}, taken from the journal: not recomputed here")
    if found.wasted:
        click.echo(f"{found.wasted} attempts used tokens without a readable reply: none of them counts as an answer")
    word = "nothing but measured" if only_measures(found.verdict) else found.verdict.verdict.words
    if is_gated(found.verdict):
        word = ", ".join(f"{number} {colour}" for colour, _, number in counted_colours(found.verdict))
    if is_choice(found.verdict):
        word = ", ".join(f"{number} {standing}" for standing, _, number in counted_standings(found.verdict))
    click.echo(f"verdict recomputed: {word}; {_pages(found.pages)}")
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
        click.echo(f"not recomputed: the test {test}, since no detector {rules[test]} is installed here: install it")


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
    from steelyard.util.text import one_line

    what = "a task file" if origin == "file" else f"a task of {one_line(origin, 80)}"
    names = one_line(", ".join(resting), 200)
    return (
        f"as sealed: {names}: {what} that is not here ({one_line(task, 80)}) has its prompt, scorer and chance score, "
        "and says whether a claim about it may be accused, or only confirmed"
    )


def _accusing(measurement: str) -> str:
    from steelyard.util.text import one_line

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
