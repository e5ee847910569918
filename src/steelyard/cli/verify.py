"""``steelyard verify``: check every digest, score and verdict of a bundle offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode, MissingDependency

if TYPE_CHECKING:
    from cryptography import x509

    from steelyard.api.results import VerifyResult
    from steelyard.plugins import ResultRequest


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
    from steelyard.api.sealed_results import result_file
    from steelyard.cli.verify_lines import print_verified, verified_facts
    from steelyard.errors import InputError
    from steelyard.plugins import ResultRequest, find
    from steelyard.verification.ledgers import compare_ledgers, read_held
    from steelyard.watching.folder import is_watch

    if any(map(result_file, runs)):
        if len(runs) > 1 or ledger is not None or root_files:
            raise InputError("a result of steelyard detect is verified alone, with --require-key, --panel and --run")
        request = ResultRequest(
            folder=runs[0],
            require_key=require_key,
            panel=panel,
            tested=tested,
            references=references,
            as_json=as_json,
        )
        return _result_of_detect(request)
    if panel is not None or tested:
        raise InputError("--panel and --run are for a result of steelyard detect, which is not given", where=runs[0])
    if references and len(runs) > 1:
        raise InputError("--model is about one run at a time", where=runs[1])
    hold_by_weights = find("weights", "gguf") if references else None
    if any(map(is_watch, runs)):
        return _watch(runs, require_key, ledger, root_files, ignores_pages=ignores_pages, as_json=as_json)
    roots = _roots(root_files)
    ledgers = None if ledger is None else read_held(ledger, roots)
    results, shown = [], []
    for run in runs:
        try:
            with working(f"verifying {run}"):
                results.append(verified(run, require_key, roots))
        except MissingDependency as missing:
            if ledger is not None or roots or references:
                raise
            if len(runs) > 1 and not as_json:
                click.echo(f"{run}:")
            shown.append(_intact(run, require_key, missing, as_json=as_json))
    unread = bool(shown)
    compared = compare_ledgers([(each.folder, each.integrity) for each in results], ledgers, has_roots=bool(roots))
    for result, beside in zip(results, compared, strict=True):
        if as_json:
            shown.append(verified_facts(result))
        else:
            if len(runs) > 1:
                click.echo(f"{result.folder}:")
            print_verified(result, beside)
        if hold_by_weights:
            held = hold_by_weights(result, references, as_json=as_json)
            shown[-1:] = [{**each, "by_weights": held} for each in shown[-1:]]
    if as_json:
        print_json(shown[0] if len(shown) == 1 else {"bundles": shown})
    undated = bool(roots) and not all(each.is_dated for each in compared)
    codes = [_code(result, ignores_pages=ignores_pages) for result in results]
    return max([*codes, int(ExitCode.UNDECIDED if undated or unread else ExitCode.CONSISTENT)])


def _intact(run: Path, require_key: Path | None, missing: MissingDependency, *, as_json: bool) -> dict[str, Any]:
    """A run whose scores another distribution makes: every digest and the signature are checked, nothing else."""
    from steelyard.cli.verify_lines import print_integrity
    from steelyard.evidence.verify import verify_integrity
    from steelyard.reports.words import counted
    from steelyard.storage.run_folder import RunFolder

    integrity, plan = verify_integrity(run, require_key, require_key is not None), RunFolder.open(run).plan
    names = [each.id for each in plan.tests or plan.measurements]
    if not as_json:
        click.echo(f"intact, {counted(len(names), 'result')} not recomputed: {missing}")
        print_integrity(integrity, whole=False)
    return {
        "holds": True,
        "records": integrity.records,
        "root": integrity.root,
        "signed_by": integrity.signed_by,
        "trusted": integrity.trusted,
        "not_recomputed": names,
    }


def _result_of_detect(request: ResultRequest) -> int:
    """A result of ``steelyard detect``: by the test that made it, else its signature alone."""
    from steelyard.api.sealed_results import result_file, verifier_of
    from steelyard.evidence.signed import check_unread, signature_words

    name = result_file(request.folder)
    try:
        verifier = verifier_of(name)
    except MissingDependency as missing:
        signed_by, trusted = check_unread(request.folder, name, request.require_key)
        if request.as_json:
            not_recomputed = [name]
            print_json({"holds": True, "signed_by": signed_by, "trusted": trusted, "not_recomputed": not_recomputed})
        else:
            click.echo("intact, 1 result not recomputed")
            click.echo(signature_words(signed_by, trusted=trusted))
            click.echo(f"not recomputed: {name}: {missing}")
        return int(ExitCode.UNDECIDED)
    return verifier.verify(request)


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
