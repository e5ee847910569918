"""``steelyard suite review``: people keep, edit and drop items, in the terminal or on a page that works offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.records import SuiteItem
    from steelyard.reports.page_images import PageImage
    from steelyard.suites.review_apply import AppliedReview
    from steelyard.tasks.suite_file import SuiteFile

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--html", "html_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Write a page that works offline, also on a phone, and saves a file with the decisions.",
)  # fmt: skip
@click.option(
    "--apply", "saved_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Take the decisions of the file that the page saved.",
)  # fmt: skip
@click.option(
    "--labels", is_flag=True,
    help="FOLDER is a JSONL file of answers (id, question, answer, criterion), to be labelled yes or no: --html makes "
    "the page, --apply takes its file.",
)  # fmt: skip
@click.option("--second", is_flag=True, help="With --labels --apply: the labels are those of a second person.")
@click.option("--reviewer", default="", metavar="NAME", help="Who decides; it is put on record with each decision.")
def command(
    folder: Path, html_file: Path | None, saved_file: Path | None, labels: bool, second: bool, reviewer: str
) -> int:
    """Review the items of the suite FOLDER, one after the other, and change its files as you decided.

    In the terminal one key decides. Every decision is put into review.jsonl at once, and the next call goes on where
    you stopped. At the end, what you edited is in samples.jsonl and what you dropped in dropped.jsonl. The suite's
    version goes up where the old one is sealed or an endpoint has seen it. After Ctrl-C nothing is changed yet.
    Nothing is sent anywhere.
    """
    from steelyard.suites.review_file import MAX_NAME
    from steelyard.util.text import one_line

    if html_file is not None and saved_file is not None:
        raise InputError("--html and --apply: give one of them")
    if one_line(reviewer, MAX_NAME) != reviewer:
        raise InputError(f"--reviewer: at most {MAX_NAME} printable characters")
    if second and not (labels and saved_file is not None):
        raise InputError("--second goes with --labels --apply FILE")
    if labels and saved_file is not None:
        return _apply_labels(folder, saved_file, reviewer, second=second)
    if labels:
        return _write_label_page(folder, html_file, reviewer)
    if html_file is not None:
        return _write_page(folder, html_file, reviewer)
    if saved_file is not None:
        return _apply_file(folder, saved_file, reviewer)
    return _in_terminal(folder, reviewer)


def _in_terminal(folder: Path, reviewer: str) -> int:
    import sys

    from steelyard.cli.suite.review_session import ReviewSession, Terminal
    from steelyard.errors import Interrupted
    from steelyard.suites.review import read_review

    suite = _suite(folder)
    if not sys.stdin.isatty():
        raise InputError("a review needs a terminal: make a page with --html FILE, or take its file with --apply FILE")
    session = ReviewSession(
        folder=suite.folder,
        suite=suite.file,
        items=suite.items,
        review=read_review(suite.folder),
        by=reviewer or _user(),
        person=Terminal(),
    )
    try:
        session.run()
    except (KeyboardInterrupt, click.Abort):
        raise Interrupted(
            "what you decided is kept, and the suite is not changed yet: the same command goes on, and q ends"
        ) from None
    _print_applied(suite.folder)
    return 0


def _user() -> str:
    import getpass

    from steelyard.suites.review_file import MAX_NAME
    from steelyard.util.text import one_line

    try:
        return one_line(getpass.getuser(), MAX_NAME)
    except (OSError, KeyError, ImportError):  # a container without a name for the user
        return ""


@dataclass(frozen=True)
class _Suite:
    """A suite as it is reviewed: also one that cannot be asked yet, since answers are missing."""

    folder: Path
    file: SuiteFile
    items: list[SuiteItem]
    digest: str


def _suite(folder: Path) -> _Suite:
    from steelyard.tasks.suite_file import (
        SAMPLES,
        SUITE,
        SuiteRows,
        is_suite,
        read_suite,
        suite_digest,
        suite_folder,
    )

    if not is_suite(folder):
        raise InputError(f"is no suite: there is no {SUITE} in it", where=folder)
    folder = suite_folder(folder)
    file = read_suite(folder)
    rows = SuiteRows(folder / SAMPLES, file)
    if rows.is_encrypted:
        raise InputError("is encrypted: steelyard suite encrypt FOLDER --undo lets you review it", where=folder)
    return _Suite(folder, file, list(rows.items()), suite_digest(file, rows.digests))


def _print_applied(folder: Path) -> AppliedReview:
    """Put what was decided into the files, and print what became of them."""
    from steelyard.suites.review_apply import apply_review

    done = apply_review(folder)
    changed = [
        f"{count:,} {word}"
        for count, word in ((done.edited, "edited"), (done.dropped, "dropped"), (done.marked, "tagged"))
        if count
    ]
    click.echo(f"{folder}: reviewed {done.reviewed:,} of {done.items:,}; {', '.join(changed) or 'nothing changed'}")
    if done.is_new_version:
        click.echo(
            f"This is version {done.version}: version {done.version - 1} was sealed, or an endpoint has seen it."
        )
    return done


def _apply_file(folder: Path, saved_file: Path, reviewer: str) -> int:
    from steelyard.suites.review import append_changes
    from steelyard.suites.review_file import read_saved_review

    suite = _suite(folder)
    items = {item.id: item for item in suite.items}
    named, changes = read_saved_review(saved_file, suite.digest, suite.file, items)
    if all(change.decision == "drop" for _, change in changes) and len(changes) == len(items):
        raise InputError("drops every item: keep one, or delete the folder", where=saved_file)
    if changes:
        append_changes(suite.folder, changes, reviewer or named)
    _print_applied(suite.folder)
    return 0


def _write_page(folder: Path, html_file: Path, reviewer: str) -> int:
    import shlex

    from steelyard.reports.review_page import ReviewPage, item_to_review, write_review_page
    from steelyard.reports.words import counted
    from steelyard.suites.review import read_review

    suite = _suite(folder)
    if any(map(read_review(suite.folder).is_pending, suite.items)):
        _print_applied(suite.folder)
        suite = _suite(folder)
    review = read_review(suite.folder)
    shown = [
        item_to_review(item, suite.file.choices, review.change_of(item), _images(suite.folder, item))
        for item in suite.items
    ]
    page = ReviewPage(
        kind="review",
        title=suite.file.suite,
        digest=suite.digest,
        command=f"steelyard suite review {shlex.quote(str(folder))} --apply FILE",
        reviewer=reviewer,
        version=suite.file.version,
    )
    _check_place(html_file)
    try:
        write_review_page(html_file, shown, page)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=html_file) from None
    click.echo(
        f"page  {html_file} ({counted(len(shown), 'item')}). It holds the suite's texts: give it to reviewers alone."
    )
    click.echo(f"then  {page.command}")
    return 0


def _images(folder: Path, item: SuiteItem) -> tuple[PageImage, ...]:
    from functools import partial

    from steelyard.reports.page_images import PageImage
    from steelyard.tasks.suite_images import IMAGES, about_image, suite_image

    found = ((name, *about_image(folder, name)) for name in item.images)
    return tuple(
        PageImage(media_type, name.partition(".")[0], size, partial(suite_image, folder, name), f"{IMAGES}/{name}")
        for name, media_type, size in found
    )


def _write_label_page(path: Path, html_file: Path | None, reviewer: str) -> int:
    import shlex

    from steelyard.reports.review_page import ReviewPage, item_to_label, write_review_page
    from steelyard.suites.labels import answers_digest, read_answers

    if html_file is None:
        raise InputError("--labels needs --html FILE, the page on which answers are labelled, or --apply FILE")
    answers = read_answers(path)
    page = ReviewPage(
        kind="labels",
        title=path.stem,
        digest=answers_digest(answers),
        command=f"steelyard suite review {shlex.quote(str(path))} --labels --apply FILE",
        reviewer=reviewer,
    )
    _check_place(html_file)
    try:
        write_review_page(html_file, [item_to_label(answer) for answer in answers], page)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=html_file) from None
    click.echo(
        f"page  {html_file} ({len(answers):,} answers). Give each labeller a page of their own: --reviewer NAME."
    )
    return 0


def _apply_labels(path: Path, saved_file: Path, reviewer: str, *, second: bool) -> int:
    from steelyard.suites.labels import apply_labels, read_saved_labels

    labels = read_saved_labels(saved_file)
    name: Literal["label", "second"] = "second" if second else "label"
    labelled = apply_labels(path, labels, name, reviewer)
    click.echo(f"{path}: {labelled:,} answers have a {name}")
    return 0


def _check_place(html_file: Path) -> None:
    if not html_file.parent.is_dir() or (html_file.exists() and not html_file.is_file()):
        raise InputError("cannot be written: give a file in an existing folder", where=html_file)
