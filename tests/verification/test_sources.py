"""A sheet that is bound to its page, by the real commands: what was changed after the seal is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import steelyard
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.evidence.canonical import sha256_hex, without_defaults
from steelyard.storage import run_folder
from steelyard.storage.run_folder import RunFolder
from steelyard.util.atomic_file import write_file
from testkit.fixtures import SumsServer
from testkit.resealing import reseal, with_new_reports

CARD = """# Sums
| Benchmark | Metric | Sums |
|---|---|---|
| sums | accuracy | 75.0 |

All results by greedy decoding.
"""
TYPED = "The claims were typed by hand: no source page is sealed with them."
TWO = """# Sums
| Benchmark | Sums | Rival <b>`one`</b> |
|---|---|---|
| sums | 75.0 | 99.0 |

All results by greedy decoding.
"""
CHANGED_PAGE = CARD.replace("75.0", "76.0")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a card, the sheet imported from it, its audit ``run``, and ``typed``, that of one by hand.

    ``rival``: a claim that has the number of the rival's column.
    """
    folder = tmp_path_factory.mktemp("sources")
    (folder / "card.md").write_text(CARD)
    rows = [{"question": f"What is {a} + {a * 7 % 91}?", "answer": str(a + a * 7 % 91)} for a in range(60)]
    (folder / "sums.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    sheet, typed = folder / "sheet.yaml", folder / "typed.yaml"
    assert execute(["import", str(folder / "card.md"), "--table", "1", "--out", str(sheet)]) == 0
    protocol = "protocol: {decoding: greedy, prompt: odd words}"
    typed.write_text(f"model: sums\nclaims:\n  - {{task: sums, value: 75.0, shots: 3, {protocol}}}\n")
    with SumsServer() as server:
        given = ["--model", f"openai:sums@{server.url}", "--task", str(folder / "sums.jsonl"), "--tolerance", "30"]
        assert execute(["audit", str(sheet), *given, "--out", str(folder / "run")]) == 0
        assert execute(["audit", str(typed), *given, "--out", str(folder / "typed")]) == 0
        more = ["--source", str(folder / "card.md"), "--out", str(folder / "both")]
        assert execute(["audit", str(typed), *given, *more]) == 0
        (folder / "two.md").write_text(TWO)
        typed.write_text("model: sums\nclaims:\n  - {task: sums, value: 99.0, protocol: {decoding: greedy}}\n")
        more = ["--source", str(folder / "two.md"), "--tolerance", "2", "--out", str(folder / "rival")]
        assert execute(["audit", str(typed), *given, *more]) == 1
    return folder


def plan_of(run: Path) -> dict[str, Any]:
    plan: dict[str, Any] = without_defaults(RunFolder.open(run).plan)
    return plan


def test_the_report_and_verify_say_first_where_the_claims_are_from(
    audited: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = f"The claims stand on card.md (SHA-256 {sha256_hex(CARD.encode())[:16]}…)."
    for name, said in (("run", page), ("both", page), ("typed", TYPED)):
        run = audited / name
        assert execute(["verify", str(run)]) == 0
        assert capsys.readouterr().out.splitlines()[0] == said
        assert json.loads((run / "report.json").read_text())["order"][0] == said
        assert all(said in (run / f"report.{kind}").read_text() for kind in ("md", "html"))
    assert (audited / "run" / "sources" / "01-card.md").read_text() == CARD
    assert not (audited / "typed" / "sources").exists()
    assert execute(["verify", str(audited / "run"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["sources"]
    assert found == [{"file": "card.md", "sha256": sha256_hex(CARD.encode())}]
    for language, said in (("en", "claims typed by hand"), ("de", "von Hand eingegeben")):
        out = audited / f"{language}.html"
        assert execute(["report", str(audited / "typed"), "--summary", str(out), "--language", language]) == 0
        assert said in out.read_text()


def test_fields_that_are_not_on_the_page_are_the_auditors(audited: Path) -> None:
    claim = plan_of(audited / "both")["sheet"]["claims"][0]
    assert claim["unsourced"] == ["prompt", "shots"]
    assert claim["place"] == "source 1, line 4: sums / accuracy / Sums / 75.0"
    assert "Not on the vendor's page, so the auditor's: prompt, shots." in (audited / "both" / "report.md").read_text()


def test_the_column_of_an_inconsistent_claim_is_shown(audited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = plan_of(audited / "rival")["sheet"]["claims"][0]["place"]
    assert place.startswith("source 1, line 4: ")
    assert "Rival" in place
    assert execute(["verify", str(audited / "rival")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert f"sums: inconsistent, claimed in {place}" in said
    assert execute(["verify", str(audited / "rival"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inconsistent_at"] == [f"sums: {place}"]
    assert execute(["report", str(audited / "rival")]) in (0, 1)
    assert "claimed in source 1, line 4: " in " ".join(capsys.readouterr().out.split())
    for page in ("report.md", "report.html"):
        text = (audited / "rival" / page).read_text()
        assert "claimed in source 1, line 4: " in text
        assert "<b>`one`" not in text
    for name in ("run", "both", "typed"):  # no claim of these is inconsistent
        assert "claimed in source" not in (audited / name / "report.md").read_text()
        assert execute(["verify", str(audited / name)]) == 0
        assert "claimed in" not in capsys.readouterr().out


def another_page(run: Path) -> None:
    (run / "sources" / "01-card.md").write_text(CHANGED_PAGE)


def another_row(plan: dict[str, Any]) -> None:
    plan["sheet"]["claims"][0]["value"] = "76.0"


def another_page_and_digest(plan: dict[str, Any]) -> None:
    plan["sheet"]["source_files"][0]["sha256"] = sha256_hex(CHANGED_PAGE.encode())


def another_digest(plan: dict[str, Any]) -> None:
    plan["sheet"]["source_files"][0]["sha256"] = "0" * 64


def another_place(plan: dict[str, Any]) -> None:
    plan["sheet"]["claims"][0]["place"] = "source 1, line 9: sums / 75.0"


def all_sourced(plan: dict[str, Any]) -> None:
    del plan["sheet"]["claims"][0]["unsourced"]


def no_source(plan: dict[str, Any]) -> None:
    del plan["sheet"]["source_files"]
    plan["sheet"]["typed"] = True


def typed_beside_its_page(plan: dict[str, Any]) -> None:
    plan["sheet"]["typed"] = True


def nothing(plan: dict[str, Any]) -> None:
    """Leave the plan as it is."""


@pytest.mark.parametrize(
    ("pages", "plan", "named"),
    [
        (another_page, None, "sources/01-card.md: was changed: its SHA-256 is not the one sealed"),
        (another_page, nothing, "sources/01-card.md: not the page that the plan names"),
        (None, another_digest, "sources/01-card.md: not the page that the plan names"),
        (None, another_row, "'sums' 76.0 is on no source"),
        (another_page, another_page_and_digest, "'sums' 75.0 is on no source"),
        (None, another_place, "claims[0]: its place, or what is unsourced"),
        (None, all_sourced, "claims[0]: its place, or what is unsourced"),
        (None, typed_beside_its_page, "typed says otherwise than source_files"),
        (None, no_source, "sources/01-card.md: not the page that the plan names"),
    ],
)
def test_a_changed_page_row_or_digest_is_named(
    audited: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pages: Callable[[Path], None] | None,
    plan: Callable[[dict[str, Any]], None] | None,
    named: str,
) -> None:
    run = Path(shutil.copytree(audited / "both", tmp_path / "run"))
    if pages:
        pages(run)
    if plan:
        sealed = plan_of(run)
        plan(sealed)
        reseal(run, plan=sealed)
    assert execute(["verify", str(run)]) == 1
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("more", [(), ("--finalize",)])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_resume_with_another_page_asks_nothing(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], is_there: bool
) -> None:
    run = Path(shutil.copytree(audited / "both", tmp_path / "run"))
    (run / "bundle.dsse.json").unlink()
    another_page(run) if is_there else shutil.rmtree(run / "sources")
    before = (run / "journal" / "main-0000.jsonl").read_bytes()
    assert execute(["resume", str(run), "--model", "openai:sums@http://127.0.0.1:9/v1", *more]) == 2
    said = capsys.readouterr().err
    assert "sources/01-card.md: not the page that the plan names as a source of its claims: restore the page" in said
    assert (run / "journal" / "main-0000.jsonl").read_bytes() == before
    with pytest.raises(InputError, match="restore the page"):
        steelyard.resume(run, model="openai:sums@http://127.0.0.1:9/v1", finalize=bool(more))


def test_a_kill_before_the_plan_leaves_no_run_without_its_pages(
    audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def killed(path: Path, data: bytes) -> None:
        written.append(path.name)
        if path.name == "plan.dsse.json":
            assert (path.parent / "sources" / "01-card.md").read_text() == CARD
            raise OSError(28, "No space left on device")
        write_file(path, data)

    monkeypatch.setattr(run_folder, "write_file", killed)
    sums, out = str(audited / "sums.jsonl"), tmp_path / "run"
    with SumsServer() as server:
        given = ["--model", f"openai:sums@{server.url}", "--task", sums, "--tolerance", "30", "--out", str(out)]
        assert execute(["audit", str(audited / "sheet.yaml"), *given]) == 2
    assert (written[0], written[-1]) == ("01-card.md", "plan.dsse.json")
    assert not out.exists()


@pytest.mark.parametrize(("more", "stream"), [((), "out"), (("--json",), "err")])
def test_a_dry_run_names_the_pages_that_it_would_seal(
    audited: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], stream: str
) -> None:
    said = "sealed whole with the run: sources/01-card.md"
    with SumsServer() as server:
        given = ["--model", f"openai:sums@{server.url}", "--task", str(audited / "sums.jsonl"), "--dry-run", *more]
        for sheet, is_said in (("sheet.yaml", True), ("typed.yaml", False)):
            assert execute(["audit", str(audited / sheet), *given]) == 0
            found = capsys.readouterr()
            assert (said in getattr(found, stream).splitlines()) is is_said
            assert not more or json.loads(found.out)


def test_a_plan_without_pages_says_that_it_was_typed(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(audited / "typed", tmp_path / "run"))
    sealed = plan_of(run)
    del sealed["sheet"]["typed"]
    with_new_reports(reseal(run, plan=sealed))
    assert execute(["verify", str(run)]) == 1
    assert "typed says otherwise than source_files" in capsys.readouterr().err


def test_a_row_that_is_not_on_the_page_is_refused_with_its_line(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("model: sums\nclaims:\n  - {task: sums, value: 75.0}\n  - {task: sums, value: 99}\n")
    given = ["--source", str(audited / "card.md"), "--model", "openai:sums@http://127.0.0.1:9/v1"]
    assert execute(["audit", str(sheet), *given, "--out", str(tmp_path / "run")]) == 2
    assert f"{sheet}:4: 'sums' 99 is on no source: correct the row" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
