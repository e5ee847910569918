"""``steelyard report``: a run again, and its summary for the person who decides, outside the run's folder."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.evidence import layout
from steelyard.evidence.verify import verify_integrity
from testkit.fixtures import SumsServer
from tests.reports.test_summary import english_left, printed_pages, shown

GOLDEN = Path(__file__).parent.parent / "assets" / "golden"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


def measured() -> float:
    """What the golden run's inconsistent claim reached, in percent: the bundle is made anew now and then."""
    claims = json.loads((GOLDEN / layout.REPORT).read_text())["claims"]
    return float(next(claim["measured"] for claim in claims if claim["verdict"] == "inconsistent"))


def signer() -> str:
    return verify_integrity(GOLDEN).signed_by


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    assert execute(["report", *arguments]) == code
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line


def test_the_summary_of_the_golden_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(GOLDEN.parent)
    out = tmp_path / "summary.html"
    assert execute(["report", str(GOLDEN), "--summary", str(out)]) == 1
    assert "1 inconsistent, 1 consistent" in capsys.readouterr().out
    text = shown(out.read_text())
    for part in (
        f"the model as served does not reach the claim on sums. Claimed: 99 %. Measured: {measured():.1f} %.",
        "Below the claim by more than the allowed ",
        "steelyard show golden --wrong --task sums",
        "sums (75 %): may be relied on, for this endpoint and this task, to within 2.0 points.",
        f"by the key {signer()[:16]}…",
        "steelyard verify golden",
        "A summary, not sealed; the sealed report is report.html",
    ):
        assert part in text


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_fits_one_sheet(language: str, devtools: str, tmp_path: Path) -> None:
    out = tmp_path / "summary.html"
    execute(["report", str(GOLDEN), "--summary", str(out), "--language", language])
    assert printed_pages(devtools, out.read_text(), tmp_path) == 1


def test_in_german(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "summary.html"
    assert execute(["report", str(GOLDEN), "--summary", str(out), "--language", "de", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "inconsistent"
    page = out.read_text()
    assert english_left(page) == []
    found = f"{measured():.1f}".replace(".", ",")
    assert f"Angegeben: 99 %. Gemessen: {found} %." in shown(page)
    assert re.search(r"versiegelt am \d{1,2}\. [A-Z]\w+ 20\d\d", shown(page))


def test_the_commands_on_the_page_work(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert execute(["report", "golden", "--summary", "page.html"]) == 1
    capsys.readouterr()
    assert execute(["show", "golden", "--wrong", "--task", "sums"]) == 0
    assert "✗ wrong" in capsys.readouterr().out
    assert execute(["verify", "golden"]) == 0
    root = re.search(r"Merkle root ([0-9a-f]{16})", capsys.readouterr().out)
    assert root is not None
    assert root[1] in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_commands_on_the_page_run_where_it_was_made(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(GOLDEN, tmp_path / "my runs" / "3")
    monkeypatch.chdir(tmp_path)
    execute(["report", "my runs/3", "--summary", "page.html", "--language", language])
    commands = re.findall(r"steelyard (?:show|verify) [^<\n]+", html.unescape(Path("page.html").read_text()))
    assert [command.split()[1] for command in commands] == ["show", "verify"]
    for command in commands:
        capsys.readouterr()
        assert execute(shlex.split(command)[1:]) == 0, command


@pytest.mark.parametrize("page", ["report.html", "report.md"])
def test_a_sealed_report_names_a_command_for_its_own_folder(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(GOLDEN, tmp_path / "golden")
    execute(["report", str(run), "--html", str(tmp_path / "report.html"), "--markdown", str(tmp_path / "report.md")])
    named = re.findall(r"steelyard verify \S+?(?=[`<])", (tmp_path / page).read_text())
    (command,) = (each for each in named if "--require-key" not in each)
    monkeypatch.chdir(run)
    capsys.readouterr()
    assert execute(shlex.split(command)[1:]) == 0


def test_a_language_needs_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--summary FILE" in refused(capsys, str(GOLDEN), "--language", "de")
    assert "'en', 'de'" in refused(capsys, str(GOLDEN), "--language", "fr")


def test_a_file_inside_the_run_is_refused(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "link").symlink_to(run)
    (tmp_path / "other").mkdir()
    (tmp_path / "out.html").symlink_to(run / "summary.html")
    (run / "away.html").symlink_to(tmp_path / "elsewhere.html")
    for path in (
        run / "summary.html",
        run / "journal" / "summary.html",
        tmp_path / "other" / ".." / "golden" / "summary.html",
        tmp_path / "link" / "summary.html",
        tmp_path / "out.html",
        run / "away.html",
    ):
        assert "is inside a run's folder" in refused(capsys, str(run), "--summary", str(path))
    (run / "away.html").unlink()
    assert execute(["verify", str(run)]) == 0  # nothing was written


def test_a_file_inside_another_run_is_refused(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is inside a run's folder" in refused(capsys, str(GOLDEN), "--summary", str(run / "page.html"))


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "existing folder" in refused(capsys, str(GOLDEN), "--summary", str(tmp_path / "none" / "page.html"))
    assert "existing folder" in refused(capsys, str(GOLDEN), "--summary", str(tmp_path))


def test_a_changed_run_is_not_summed_up(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / layout.REPORT
    path.write_text(path.read_text().replace('"verdict":"inconsistent"', '"verdict":"consistent"', 1))
    assert "report.json" in refused(capsys, str(run), "--summary", str(tmp_path / "page.html"), code=1)
    assert not (tmp_path / "page.html").exists()


def test_an_unfinished_run(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (layout.BUNDLE, layout.REPORT, layout.REPORT_PAGE, layout.REPORT_MARKDOWN, layout.SCORES):
        (run / name).unlink()
    assert execute(["report", str(run), "--summary", str(tmp_path / "page.html")]) == 1
    assert "not finished and not sealed" in shown((tmp_path / "page.html").read_text())


def test_a_run_that_only_measured(
    tmp_path: Path, sums_file: tuple[Path, float], sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "run", tmp_path / "page.html"
    command = ["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--out", str(folder)]
    assert execute([*command, "--limit", "40", "--price", "0.15,0.60"]) == 0
    assert execute(["report", str(folder), "--summary", str(out), "--language", "de"]) == 0
    page = out.read_text()
    text = shown(page)
    assert "Gemessen: Das Modell erreicht am geprüften Endpunkt" in text
    assert "40 von 900 Antworten wurden abgefragt." in text
    assert "nicht signiert: nicht nachweisbar, wer dies erstellt hat" in text
    assert "zu den angegebenen Preisen: 0,15 gesendet und 0,6 empfangen" in text
    assert english_left(page) == []
    capsys.readouterr()
    assert execute(["verify", str(folder)]) == 0


def test_the_other_pages_as_before(tmp_path: Path) -> None:
    page, text = tmp_path / "page.html", tmp_path / "report.md"
    assert execute(["report", str(GOLDEN), "--html", str(page), "--markdown", str(text)]) == 1
    assert page.read_bytes() == (GOLDEN / layout.REPORT_PAGE).read_bytes()
    assert text.read_bytes() == (GOLDEN / layout.REPORT_MARKDOWN).read_bytes()
