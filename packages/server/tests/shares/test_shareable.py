"""A report is shared where it says what its journal gives and quotes nothing of a private suite."""

from __future__ import annotations

import html
import shutil
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.fixtures import PRIVATE
from steelyard.api.results import verified
from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard_server.runs.summary import RunSummary, summary_of
from steelyard_server.shares.shareable import check_shareable, is_private, quoted, report_bytes
from testkit.written_runs import written

QUESTION = f"{PRIVATE.format(7)} What is 7 + 3?"


@pytest.fixture(scope="module")
def summary(suite_run: Path) -> RunSummary:
    return summary_of(verified(suite_run))


@pytest.fixture
def run(suite_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(suite_run, tmp_path / "run"))


def with_text(run: Path, text: str) -> Path:
    """The run with a page that says something more."""
    page = run / layout.REPORT_PAGE
    page.write_text(page.read_text().replace("</main>", f"<p>{text}</p></main>"))
    return run


def test_a_run_says_whether_it_asked_a_private_suite(suite_run: Path, tmp_path: Path) -> None:
    assert is_private(suite_run)
    public = written(tmp_path / "run", "exact@5").run
    assert not is_private(public)


def test_a_report_of_a_private_suite_holds_none_of_its_texts(suite_run: Path, summary: RunSummary) -> None:
    assert "green cabinet" in (suite_run / layout.TEXT_SEGMENT).read_text()
    for name in (layout.REPORT_PAGE, layout.REPORT_MARKDOWN, layout.REPORT):
        assert "green cabinet" not in (suite_run / name).read_text()
    assert not quoted(suite_run)
    check_shareable(suite_run, summary)


@pytest.mark.parametrize(
    "text",
    [
        QUESTION,
        html.escape(QUESTION),
        QUESTION.replace(" ", "\n  "),
        f"<b>{QUESTION[:30]}</b>{QUESTION[30:]}",
        QUESTION[11:70],
        f"before {QUESTION[20:80]} after",
    ],
)
def test_a_page_that_quotes_a_question_is_refused(run: Path, summary: RunSummary, text: str) -> None:
    assert quoted(with_text(run, text))
    with pytest.raises(InputError, match="quotes a text of a private suite"):
        check_shareable(run, summary)


def test_a_page_without_any_of_it_is_not(run: Path) -> None:
    assert not quoted(with_text(run, "In drawer 7 of another cabinet lies nothing, and 10 is what 7 and 3 are."))


def test_a_report_that_nobody_compared_is_refused(run: Path, summary: RunSummary) -> None:
    with pytest.raises(InputError, match="was not compared with its journal"):
        check_shareable(run, msgspec.structs.replace(summary, pages_compared=False))
    with pytest.raises(InputError, match="a recording does not say"):
        check_shareable(run, msgspec.structs.replace(summary, kind="recording"))
    (run / layout.PLAN).write_bytes(b"{}")
    with pytest.raises(InputError, match="cannot be read: not shared"):
        check_shareable(run, summary)
    (run / layout.REPORT_PAGE).unlink()
    with pytest.raises(InputError, match="no report that could be shared"):
        check_shareable(run, summary)


def test_a_page_that_was_changed_on_the_disk_is_not_given(run: Path, suite_run: Path) -> None:
    sha256, _ = layout.digest_and_lines(suite_run, layout.REPORT_PAGE)
    assert report_bytes(run, sha256) == (suite_run / layout.REPORT_PAGE).read_bytes()
    assert report_bytes(with_text(run, "more"), sha256) is None
    (run / layout.REPORT_PAGE).unlink()
    (run / layout.REPORT_PAGE).symlink_to("/etc/passwd")
    assert report_bytes(run, sha256) is None
