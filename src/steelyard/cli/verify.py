"""``steelyard verify``: check every digest, score and verdict of a bundle offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode

if TYPE_CHECKING:
    from cryptography import x509

    from steelyard.api.results import VerifyResult


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
    from steelyard.cli.verify_weights import held_facts
    from steelyard.errors import InputError
    from steelyard.verification.ledgers import compare_ledgers, read_held
    from steelyard.watching.folder import is_watch

    if any(map(result_file, runs)):
        if len(runs) > 1 or ledger is not None or root_files:
            raise InputError("a result of steelyard detect is verified alone, with --require-key, --panel and --run")
        return _result_of_detect(runs[0], require_key, panel, tested, references, as_json=as_json)
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
            shown.append(verified_facts(result))
        else:
            if len(results) > 1:
                click.echo(f"{result.folder}:")
            print_verified(result, beside)
        if references:
            held = held_facts(result, references, as_json=as_json)
            shown[-1:] = [{**each, "by_weights": held} for each in shown[-1:]]
    if as_json:
        print_json(shown[0] if len(shown) == 1 else {"bundles": shown})
    undated = bool(roots) and not all(each.is_dated for each in compared)
    codes = [_code(result, ignores_pages=ignores_pages) for result in results]
    return max([*codes, int(ExitCode.UNDECIDED if undated else ExitCode.CONSISTENT)])


def _result_of_detect(
    folder: Path,
    require_key: Path | None,
    panel: Path | None,
    tested: tuple[Path, ...],
    references: tuple[str, ...],
    *,
    as_json: bool,
) -> int:
    """A result of ``steelyard detect``, by the file that tells which one it is."""
    from steelyard.api.sealed_results import result_file
    from steelyard.cli.verify_detection import verify_one
    from steelyard.cli.verify_texts import verify_output_texts_at, verify_texts_at
    from steelyard.cli.verify_weights import verify_outputs_at
    from steelyard.evidence import layout

    name = result_file(folder)
    if name == layout.OUTPUTS:
        return verify_outputs_at(folder, require_key, tested, references, as_json=as_json)
    if name == layout.OUTPUT_TEXTS:
        return verify_output_texts_at(folder, require_key, tested, as_json=as_json)
    if name == layout.TEXT_IDENTITY:
        return verify_texts_at(folder, require_key, tested, as_json=as_json)
    return verify_one(folder, require_key, panel, tested, as_json=as_json)


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
