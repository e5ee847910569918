"""``steelyard suite show``: what a suite holds, who may see it, and who has seen it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--timestamp-root",
    "root_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="CA.pem",
    help="Check the time stamp of the seal against this root of an authority (PEM). Needs the extra timestamp.",
)
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Check that this run asked its endpoint the variants that the seal draws for it.",
)
@click.option(
    "--released-to",
    default="",
    metavar="URL",
    help="With --run: the address whose variants a leak check looked for, as it was given to suite check.",
)
@json_option
def command(folder: Path, root_files: tuple[Path, ...], run: Path | None, released_to: str, as_json: bool) -> int:
    """Show the suite FOLDER: its digest, its items by tag and group, and its exposure by recipient."""
    if run is not None:
        return _show_run(folder, run, released_to, as_json=as_json)
    from steelyard.reports.words import counted
    from steelyard.tasks.suite_task import task_from_suite

    suite = task_from_suite(folder, to_ask=False)
    facts = _facts(suite, root_files)
    if as_json:
        print_json(facts)
        return 0
    from steelyard.util.text import one_line

    click.echo(f"{one_line(suite.file.suite, 80)}, version {facts['version']}: {counted(facts['items'], 'item')}")
    if suite.file.about:
        click.echo(f"  about      {one_line(suite.file.about, 80)}")
    click.echo(f"  digest     {facts['digest']}")
    if sealed := facts["sealed"]:
        who = f"signed by {sealed['signer'][:16]}…" if sealed["signer"] else "unsigned"
        click.echo(f"  sealed     {sealed['at']} by its own clock, {who}; {sealed['released']:,} released")
        if stamp := sealed["timestamp"]:
            said = "checked" if stamp["checked"] else "its signature is not checked: --timestamp-root CA.pem does"
            click.echo(f"  dated      {stamp['time']} by {one_line(stamp['authority'], 60)}; {said}")
    else:
        click.echo("  sealed     no")
    if facts["variants"]:
        drawn = f"; drawn for {counted(len(sealed['addresses']), 'address', 'addresses')}" if sealed else ""
        click.echo(f"  variants   {counted(facts['variants'], 'variant')} of {counted(facts['varied'], 'item')}{drawn}")
    click.echo(f"  reviewed   {facts['reviewed']:,} of {facts['items']:,} items")
    click.echo(f"  prompts    {', '.join(facts['prompts'])} (asked in {suite.default_prompt})")
    if facts["images"]:
        click.echo(f"  images     {counted(facts['images'], 'item')} of {facts['items']:,} show some")
    if facts["without_answer"]:
        click.echo(f"  answers    {facts['without_answer']:,} items have none: fill it in, or have a judge score them")
    for name in ("tags", "difficulty"):
        if facts[name]:
            shown = ", ".join(f"{one_line(word, 40)} {count:,}" for word, count in facts[name].items())
            click.echo(f"  {name:<10} {one_line(shown, 85)}")
    named = ", ".join(suite.file.endpoints) or "no endpoint; models on this machine alone"
    click.echo(f"  may see it {one_line(named, 85)}")
    for recipient, seen in facts["exposure"].items():
        click.echo(
            f"  seen by    {one_line(recipient, 60)}: {seen['items']:,} items, at most {seen['most']:,} times each"
        )
    return 0


def _show_run(folder: Path, run: Path, released_to: str, *, as_json: bool) -> int:
    """What a run asked, recomputed from the seal; a VerificationError ends the command with 1."""
    from msgspec import to_builtins

    from steelyard.api.drawn_check import check_drawn
    from steelyard.reports.words import counted
    from steelyard.util.text import one_line

    found = check_drawn(folder, run, released_to)
    if as_json:
        print_json({"run": str(run), "measurements": to_builtins(found)})
        return 0
    for each in found:
        said = "as the seal draws it for" if each.drawn else "as it is written, and not drawn for"
        of = f", one of {counted(each.addresses, 'address', 'addresses')} that it names" if each.drawn else ""
        click.echo(
            f"{one_line(each.task, 60)}: asked {said} {one_line(each.address, 100) or 'a model on this machine'}{of}"
        )
    return 0


def _facts(suite: SuiteTask, root_files: tuple[Path, ...]) -> dict[str, Any]:
    from steelyard.suites.exposures import exposed_items, read_exposures
    from steelyard.suites.review import read_review

    items = list(suite.rows.items())
    exposed = exposed_items(read_exposures(suite.folder))
    return {
        "suite": suite.file.suite,
        "version": suite.file.version,
        "digest": suite.suite,
        "sealed": _sealed(suite, root_files),
        "items": len(items),
        "without_answer": suite.rows.without_answer,
        "images": sum(bool(item.images) for item in items),
        "variants": len(suite.variants.lines),
        "varied": len(suite.variants.by_item),
        "erased": len(suite.rows.erased),
        "encrypted": suite.rows.is_encrypted,
        "reviewed": read_review(suite.folder).number_reviewed(items),
        "groups": len({item.group for item in items if item.group}),
        "tags": dict(Counter(tag for item in items for tag in item.tags).most_common(20)),
        "difficulty": dict(Counter(item.difficulty for item in items if item.difficulty)),
        "prompts": list(suite.prompts),
        "endpoints": list(suite.file.endpoints),
        "exposure": {
            recipient: {"items": len(counts), "most": max(counts.values(), default=0)}
            for recipient, counts in sorted(exposed.items())
        },
    }


def _sealed(suite: SuiteTask, root_files: tuple[Path, ...]) -> dict[str, Any] | None:
    """The seal of this version, and who dated it; None where it is not sealed."""
    from steelyard.evidence.timestamp_signature import roots_at
    from steelyard.tasks.suite_seal import parts_of, read_seal, read_seal_stamp

    seal = read_seal(suite.folder, suite.file.version, suite.suite)
    if seal is None:
        return None
    roots = roots_at(root_files, "--timestamp-root")
    stamp = read_seal_stamp(suite.folder, seal.version, roots)
    dated = None if stamp is None else {"time": stamp.time, "authority": stamp.authority, "checked": bool(roots)}
    released = len(parts_of(seal, suite.rows.ids).released)
    return {
        "at": seal.at,
        "signer": seal.signer,
        "released": released,
        "addresses": list(seal.addresses),
        "timestamp": dated,
    }
