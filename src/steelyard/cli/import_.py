"""``steelyard import``: another harness's log or a gateway's recording as a run, published results as a sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import data_option, json_option, key_option
from steelyard.cli.output import print_json, print_measurement, print_places
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.adapters.imported_run import ImportedLog
    from steelyard.records import ClaimSheet, Verdict

WHAT = (
    "an Inspect log (.eval, .json), lm-eval's results (the folder of --output_path), a recording of steelyard gateway, "
    "a model card (.md, .html, .csv with tables, or a model-index in .md, .yaml) or a file of Every Eval Ever (.json)"
)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--task",
    "tasks",
    multiple=True,
    help="Import only this task of lm-eval's results; for a recording: the task, by its name or file.",
)
@click.option("--metric", default="", help="The log's scorer or metric to import (default: the first).")
@click.option(
    "--scorer",
    default="",
    metavar="NAME[:OPTION]",
    help="Score the answers again with this scorer of Steelyard: answer, exact, numeric:strict … (default: the log's "
    "scores).",
)
@click.option("--model", default="", help="The model to import, where a recording or a card's tables have several.")
@click.option(
    "--table", "tables", type=int, multiple=True, metavar="N", help="Import only this table of a card, counted from 1."
)
@click.option("--prompt", default="", help="The prompt format of a recording's task (default: the task's own).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder of the run, or the file of the claim sheet.")
@data_option
@click.option(
    "--with-texts",
    is_flag=True,
    help="Seal the texts of samples and outputs too: do not publish them, or the benchmark is contaminated.",
)
@key_option
@json_option
def command(source: Path, **args: Any) -> int:
    """Import SOURCE: an Inspect or lm-eval log, a gateway recording, a model card or a file of Every Eval Ever.

    A log becomes an ordinary run that can be reported, verified and exported.
    Its report states that Steelyard did not see the calls.
    Published results become a claim sheet for steelyard screen and steelyard audit.
    """
    from steelyard.adapters.claims_file import read_claims

    if not source.exists():
        raise InputError("there is no such file or folder: give a log, a recording or a model card", where=source)
    sheet = read_claims(source, args["model"], args["tables"])
    if sheet is not None:
        return _write_sheet(sheet, source, args)
    if args["tables"]:
        raise InputError("--table applies to the tables of a model card: leave it out", where=source)
    return _write_run(source, args)


# ── published results ───────────────────────────────────────────────────────────────────────────────────────────────


def _write_sheet(sheet: ClaimSheet, source: Path, args: dict[str, Any]) -> int:
    import re
    import shlex

    from msgspec.structs import replace

    from steelyard.adapters.sheet_file import sheet_text
    from steelyard.adapters.untrusted_json import file_sha256
    from steelyard.records import SourceFile
    from steelyard.reports.words import counted
    from steelyard.tasks import resolve
    from steelyard.util.atomic_file import write_file

    for option in ("tasks", "metric", "scorer", "prompt"):
        if args[option]:
            raise InputError(
                f"--{option.rstrip('s')} applies to a log: leave it out, since {source.name} becomes a claim sheet"
            )
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", sheet.model).strip("-.")[:80] or "claims"
    out: Path = args["out"] or Path(f"{name}.yaml")
    if out.exists():
        raise InputError("is there already: give another file with --out", where=out)
    if not out.parent.is_dir():
        raise InputError("its folder does not exist: create it first", where=out)
    sheet = replace(sheet, source_files=(SourceFile(file=source.name, sha256=file_sha256(source)),))
    write_file(out, sheet_text(sheet, f"Imported from {source.name} by steelyard import").encode())
    if args["as_json"]:
        print_json({"sheet": str(out), "model": sheet.model, "claims": len(sheet.claims)})
        return 0
    for note in (*sheet.origin, *sheet.footnotes):
        click.echo(note)
    here = sum(resolve(claim.task) is not None for claim in sheet.claims)
    click.echo(f"sheet  {out} ({counted(len(sheet.claims), 'claim')}, {here} with a task here)")
    click.echo("check  every value against its source: a number copied wrongly accuses somebody")
    click.echo(f"screen steelyard screen {shlex.quote(str(out))}")
    return 0


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _write_run(source: Path, args: dict[str, Any]) -> int:
    from steelyard.adapters.imported_run import write_imported_run
    from steelyard.api.conduct import default_folder, signer_at
    from steelyard.api.progress import working
    from steelyard.reports.limits import of_the_origin

    signer = signer_at(args["key"])
    with working(f"importing {source}"):
        log = _log(source, args)
        run = args["out"] or default_folder(f"imported-{source.resolve().stem}")
        verdict = write_imported_run(run, log.tasks, log.origin, log.model, signer, with_texts=args["with_texts"])
    if args["as_json"]:
        _print_json(verdict, log, run)
        return verdict.exit
    click.echo(of_the_origin(log.origin))
    for result in verdict.measurements:
        print_measurement(result)
        for difference in result.differences:
            click.echo(f"  {difference}")
    print_places(run, signed=signer is not None)
    return verdict.exit


def _log(source: Path, args: dict[str, Any]) -> ImportedLog:
    """Detect the source's format and read it."""
    from steelyard.adapters.inspect_log import is_inspect_json, read_inspect_log
    from steelyard.adapters.lm_eval_log import is_lm_eval_results, read_lm_eval_log, results_in
    from steelyard.adapters.untrusted_json import read_json
    from steelyard.evidence import layout

    if source.is_dir() and (source / layout.PLAN).is_file():
        return _recording(source, args)
    for option in ("model", "prompt"):
        if args[option]:
            raise InputError(f"--{option} applies only to a recording of steelyard gateway: leave it out", where=source)
    scorer = _scorer(args["scorer"])
    if source.is_dir() and results_in(source):
        return read_lm_eval_log(source, args["metric"], scorer, args["tasks"])
    if source.is_dir():
        raise InputError(f"this folder has nothing to import: give {WHAT}", where=source)
    if source.suffix.lower() == ".json":
        document = read_json(source)
        if is_lm_eval_results(document):
            return read_lm_eval_log(source, args["metric"], scorer, args["tasks"])
        if not is_inspect_json(document):
            raise InputError(f"unknown format: give {WHAT}", where=source)
    elif source.suffix.lower() != ".eval":
        raise InputError(f"unknown type of file: give {WHAT}", where=source)
    if args["tasks"]:
        raise InputError("an Inspect log has one task: leave out --task", where=source)
    return read_inspect_log(source, args["metric"], scorer)


def _recording(source: Path, args: dict[str, Any]) -> ImportedLog:
    from steelyard.adapters.gateway_recording import read_recording
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.catalogue import Catalogue, open_task_file

    recording = RunFolder.open(source)
    if recording.plan.origin.kind != "gateway":
        raise InputError("is a run of steelyard already: use steelyard report or steelyard export", where=source)
    if len(args["tasks"]) != 1:
        raise InputError("a recording does not name its task: give one --task", where=source)
    if args["scorer"] or args["metric"]:
        raise InputError(
            "a recording is scored by the task's own scorer: leave out --scorer and --metric", where=source
        )
    name = args["tasks"][0]
    is_file = "." in name or "/" in name
    task = open_task_file(Path(name)) if is_file else Catalogue(()).find(name)
    if task is None:
        raise InputError(f"no task is called {name!r}{Catalogue(()).near(name)}")
    log, _ = read_recording(recording, task, prompt=args["prompt"], data=args["data"], model=args["model"])
    return log


def _scorer(name: str) -> str:
    """The identifier of a scorer, from its name or identifier; raises InputError for one that runs code."""
    from steelyard.plugins import ExecutingScorer
    from steelyard.scorers import scorer_named

    if not name:
        return ""
    scorer = scorer_named(name)
    if getattr(scorer, "former", False):
        raise InputError(f"--scorer {name} is a former version: leave out its number")
    if isinstance(scorer, ExecutingScorer):
        raise InputError(f"--scorer {name}: it runs model-written code, which an import cannot do")
    return scorer.identifier


# ── output ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _print_json(verdict: Verdict, log: ImportedLog, run: Path) -> None:
    import msgspec

    from steelyard.reports import machine

    print_json({**machine.render(verdict), "origin": msgspec.to_builtins(log.origin), "run": str(run)})
