"""``steelyard verify`` on bundles that were sealed again, by the real command: its first line and its exit code."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from steelyard.auditing.finalize import renderer
from steelyard.cli import execute as steelyard
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from testkit.resealing import reseal

SCRIPT = "<script>document.body.textContent = 'consistent'</script>"


def seal_as_if_drawn_by_others(bundle: Path) -> None:
    (bundle / "bundle.dsse.json").unlink()
    seal_bundle(bundle, {"renderer": renderer() | {"vl-convert-python": "0.0.1"}}, None)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def made_by_another_version(bundle: Path) -> Path:
    plan = without_defaults(RunFolder.open(bundle).plan)
    plan["software"] = "steelyard 99.0"
    return reseal(bundle, plan=plan)


def test_a_script_behind_another_renderer_is_named(unsigned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(unsigned / "report.html", "</body>", SCRIPT + "</body>")
    seal_as_if_drawn_by_others(unsigned)
    for more in ([], ["--no-pages"], ["--json"]):
        assert steelyard(["verify", str(unsigned), *more]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert "report.html: holds the element <script>, which no report has: do not open it" in said.err


def test_a_script_behind_another_version_is_named(unsigned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(unsigned / "report.html", "</body>", SCRIPT + "</body>")
    assert steelyard(["verify", str(made_by_another_version(unsigned)), "--no-pages"]) == 1
    assert "do not open it" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_a_page_that_says_something_else_is_named_whatever_drew_it(
    unsigned: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(unsigned / name, "nconsistent", "n consistent")
    seal_as_if_drawn_by_others(unsigned)
    assert steelyard(["verify", str(unsigned), "--no-pages"]) == 1
    assert f"{name}: not the page that this journal gives" in capsys.readouterr().err


def test_the_same_pages_by_another_renderer_hold(unsigned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seal_as_if_drawn_by_others(unsigned)
    assert steelyard(["verify", str(unsigned)]) == 0
    assert "redrawn and equal" in capsys.readouterr().out


def test_charts_that_show_other_numbers(unsigned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (unsigned / "report.html").read_text()
    place = page.index('<svg class="chart"')
    (unsigned / "report.html").write_text(page[:place] + page[place:].replace("--inconsistent", "--consistent"))
    seal_as_if_drawn_by_others(unsigned)
    assert steelyard(["verify", str(unsigned)]) == 3
    said = capsys.readouterr().out
    assert said.startswith("report.md and report.html were NOT compared")
    assert "its charts were drawn by other programs" in said.splitlines()[0]
    assert steelyard(["verify", str(unsigned), "--no-pages"]) == 0


def test_pages_of_another_version_are_said_first_with_how_to_draw_ones_own(
    unsigned: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(unsigned / "report.html", "inconsistent", "consistent")
    made_by_another_version(unsigned)
    assert steelyard(["verify", str(unsigned)]) == 3
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("report.md and report.html were NOT compared, do not rely on them: they were made by")
    command = first.partition("Draw your own: ")[2].split()
    monkeypatch.chdir(tmp_path)
    assert steelyard(command[1:]) == 1
    assert "1 inconsistent" in (tmp_path / "own.html").read_text()
    capsys.readouterr()
    assert steelyard(["verify", str(unsigned), "--no-pages", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["pages_redrawn"] is False
    assert "steelyard 99.0" in said["pages_not_compared"]


@pytest.mark.parametrize("name", ["index.html", "report.htm", "Report.html", "samples/x.html", "texts/x.html"])
def test_another_page_cannot_lie_beside_the_report(
    unsigned: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(unsigned / "report.html", unsigned / name)
    assert steelyard(["verify", str(unsigned)]) == 1
    assert "was added: the seal does not name it" in capsys.readouterr().err


def test_a_link_in_the_place_of_a_page_is_not_followed(unsigned: Path, tmp_path: Path) -> None:
    (unsigned / "report.html").rename(tmp_path / "elsewhere.html")
    os.symlink(tmp_path / "elsewhere.html", unsigned / "report.html")
    assert steelyard(["verify", str(unsigned)]) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"exit":1', '"exit":0', 1),
        lambda text: text.replace('"exit":1', '"exit":1,"exit":0', 1),  # which of the two, readers disagree about
        lambda text: text.replace('"exit":1', '"exit":0,"exit":1', 1),
        lambda text: text.replace('"exit":1', '"exit":true', 1),
        lambda text: text.replace('{"', '{ "', 1),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n",
        lambda text: text + '{"verdict":"consistent"}\n',
        lambda text: "\ufeff" + text,
        lambda _: "[]\n",
    ],
)
def test_report_json_is_always_computed_again(
    unsigned: Path, change: object, capsys: pytest.CaptureFixture[str]
) -> None:
    path = unsigned / "report.json"
    path.write_text(change(path.read_text()))  # type: ignore[operator]
    for prepare in (seal_as_if_drawn_by_others, made_by_another_version):
        prepare(unsigned)
        assert steelyard(["verify", str(unsigned), "--no-pages"]) == 1
        assert "report.json" in capsys.readouterr().err
