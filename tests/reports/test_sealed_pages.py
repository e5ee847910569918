"""What a difference between a sealed page and that of the journal means."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from steelyard.errors import VerificationError
from steelyard.reports.sealed_pages import MAX_PAGE_BYTES, compare_pages, drawn_alike
from steelyard.util.software import software
from tests.assets.make_golden import GOLDEN

HERE = {"jinja2": "1", "vl-convert-python": "1"}
OTHER = {"jinja2": "1", "vl-convert-python": "2"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "run"))


def compared(run: Path, sealed_by: str = "", drawn_with: object = HERE) -> str:
    def draw(folder: Path) -> None:
        for name in ("report.html", "report.md"):
            shutil.copy(GOLDEN / name, folder / name)

    return compare_pages(run, draw, sealed_by=sealed_by or software(), drawn_with=drawn_with, draws_with=HERE)


def change(run: Path, old: str, new: str, name: str = "report.html") -> None:
    text = (run / name).read_text()
    assert old in text
    (run / name).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("drawn_with", [HERE, OTHER, None, "x", {}])
def test_equal_pages_are_equal_whatever_drew_them(run: Path, drawn_with: object) -> None:
    assert compared(run, drawn_with=drawn_with) == ""


@pytest.mark.parametrize("drawn_with", [HERE, OTHER, None])
@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_a_changed_word_is_named_whatever_drew_the_page(run: Path, name: str, drawn_with: object) -> None:
    change(run, "nconsistent", "n consistent", name)
    with pytest.raises(VerificationError, match=rf"{name}: not the page that this journal gives"):
        compared(run, drawn_with=drawn_with)


def in_chart(run: Path, old: str, new: str) -> None:
    page = (run / "report.html").read_text()
    place = page.index('<svg class="chart"')
    head, tail = page[:place], page[place:]
    assert re.search(old, tail)
    (run / "report.html").write_text(head + re.sub(old, new, tail, count=1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r'transform="translate\(0,', 'transform="translate(5,'),  # another place: another number
        (r">sums<", ">sums 2<"),
        (r"var\(--inconsistent\)", "var(--consistent)"),
        (r"</svg>", "<text>all is well</text></svg>"),
    ],
)
def test_charts_that_show_something_else(run: Path, old: str, new: str) -> None:
    in_chart(run, old, new)
    assert (
        compared(run, drawn_with=OTHER) == "its charts were drawn by other programs, and differ from those drawn here"
    )
    with pytest.raises(VerificationError, match="not the page that this journal gives"):
        compared(run, drawn_with=HERE)


def test_a_chart_may_not_hide_what_is_around_it(run: Path) -> None:
    change(run, '<svg class="chart"', '<svg class="chart"></svg><svg class="chart"')
    with pytest.raises(VerificationError, match="not the page that this journal gives"):
        compared(run, drawn_with=OTHER)


def test_noise_in_the_last_digits_of_a_chart_is_none(run: Path) -> None:
    in_chart(run, r'transform="translate\(0,', 'transform="translate(0.0004,')
    assert compared(run, drawn_with=OTHER) == ""


def test_pages_of_another_version_are_not_compared_and_still_do_nothing(run: Path) -> None:
    change(run, "inconsistent", "consistent")
    assert compared(run, "steelyard 99\x1b[2J").startswith("they were made by 'steelyard 99")
    assert compared(run, "steelyard 99\x1b[2J").isprintable()
    change(run, "<main>", "<main><script>alert(1)</script>")
    with pytest.raises(VerificationError, match=r"report\.html: holds the element <script>.*do not open it"):
        compared(run, "steelyard 99")


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x00", "\r", "\x7f", "\x9b2J", "\u202e"])
def test_markdown_of_another_version_moves_no_terminal(run: Path, hidden: str) -> None:
    (run / "report.md").write_bytes(f"# A report\n\tof{hidden} mine\n".encode())
    with pytest.raises(VerificationError, match=r"report\.md: holds the control character .*terminal") as refused:
        compared(run, "steelyard 99")
    assert str(refused.value).isprintable()
    (run / "report.md").write_text("# A report\n\tüber mich 😀\n")
    assert compared(run, "steelyard 99")
    (run / "report.md").write_bytes(b"\xff")
    with pytest.raises(VerificationError, match=r"report\.md: .*do not open it"):
        compared(run, "steelyard 99")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_pages_in_another_encoding_are_refused(run: Path, encoding: str) -> None:
    (run / "report.html").write_bytes((GOLDEN / "report.html").read_text().encode(encoding))
    for sealed_by in ("", "steelyard 99"):
        with pytest.raises(VerificationError, match=r"report\.html: "):
            compared(run, sealed_by)


def test_what_utf_7_would_make_a_script_of_is_text_since_the_charset_is_stated(run: Path) -> None:
    change(run, "<main>", "<main>+ADw-script+AD4-alert(1)+ADw-/script+AD4-")
    assert compared(run, "steelyard 99")
    with pytest.raises(VerificationError, match="not the page that this journal gives"):
        compared(run)


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_links_pipes_and_giants_are_not_read(run: Path, name: str) -> None:
    for replacement in ("link", "giant"):
        (run / name).unlink()
        if replacement == "link":
            (run / name).symlink_to(GOLDEN / name)
        else:
            with (run / name).open("wb") as file:
                file.truncate(MAX_PAGE_BYTES + 1)
        with pytest.raises(VerificationError, match=name):
            compared(run)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("a1b", "a1b", True),
        ("a1b", "a1.04b", True),
        ("a1b", "a1.06b", False),
        ("a1b", "c1b", False),
        ("a1b", "a1b2", False),
        ("a1e-9", "a0", True),
        ("", "1", False),
        ("a" + "9" * 400, "a1", False),
    ],
)
def test_drawings_are_alike(one: str, other: str, alike: bool) -> None:
    assert drawn_alike(one, other) is alike
