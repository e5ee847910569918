"""The folder of a panel: what is listed, what is refused, and that nothing is half-written."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from steelyard.errors import InputError
from steelyard_forensics.panels.folder import PANEL, add_to_panel, read_panel
from steelyard_forensics.panels.record import PanelEntry

HOSTILE = 'llama" : [x] <b> ## \u202e \U0001f999'


def entry(number: int, family: str = "", **fields: object) -> PanelEntry:
    bundle = f"{number:064x}"[::-1]
    made = PanelEntry(
        name=bundle[:16],
        family=family or f"family {number}",
        model=f"model {number}",
        subject=f"openai:m{number}@http://127.0.0.1/v1",
        bundle=bundle,
        answers="a" * 64,
        date="2026-11-27",
        origin="run",
        asked={"b" * 64: "sums"},
    )
    return replace(made, **fields)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "journal").mkdir(parents=True)
    (folder / "plan.dsse.json").write_text("{}")
    (folder / "journal" / "main-0000.jsonl").write_text("x\n")
    (folder / "local.json").write_text("private")
    return folder


def test_runs_are_added_and_read_back(tmp_path: Path, run: Path) -> None:
    add_to_panel(tmp_path / "p", entry(1, model=HOSTILE, asked={"b" * 64: HOSTILE}), run)
    panel = add_to_panel(tmp_path / "p", entry(2), run)
    assert panel == read_panel(tmp_path / "p")
    assert [each.model for each in panel.entries] == [HOSTILE, "model 2"]
    assert panel.entries[0].asked == {"b" * 64: HOSTILE}
    assert panel.families == ("family 1", "family 2")
    assert (panel.named.runs, panel.named.families, panel.name) == (2, 2, "p")
    copied = panel.folder(panel.entries[0])
    assert sorted(each.name for each in copied.iterdir()) == ["journal", "plan.dsse.json"]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (entry(1), "is in the panel already"),
        (entry(2, "Family-1"), "is spelled 'family 1'"),
        (entry(2, "other", subject=entry(1).subject, asked={"c" * 64: "twins"}), "one model is of one family"),
        (entry(2, "family 1", subject=entry(1).subject), "has sums of this model already"),
        (entry(2, "two\nlines"), "a name of one line"),
        (entry(2, " "), "a name of one line"),
    ],
)
def test_what_is_refused_changes_nothing(tmp_path: Path, run: Path, second: PanelEntry, said: str) -> None:
    before = add_to_panel(tmp_path / "p", entry(1), run)
    files = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=said):
        add_to_panel(tmp_path / "p", second, run)
    assert read_panel(tmp_path / "p") == before
    assert sorted(tmp_path.rglob("*")) == files


def test_both_tasks_of_one_model_are_of_one_family(tmp_path: Path, run: Path) -> None:
    add_to_panel(tmp_path / "p", entry(1), run)
    twins = entry(2, "family 1", subject=entry(1).subject, asked={"c" * 64: "twins"})
    assert add_to_panel(tmp_path / "p", twins, run).families == ("family 1",)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, run: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="no panel and not empty"):
        add_to_panel(tmp_path / "p", entry(1), run)
    with pytest.raises(InputError, match="there is no panel"):
        read_panel(tmp_path / "p")


def test_what_a_cut_off_addition_left_is_replaced(tmp_path: Path, run: Path) -> None:
    name = entry(1).name
    for leftover in (name, f".{name}.partial"):
        (tmp_path / "p" / leftover).mkdir(parents=True)
        (tmp_path / "p" / leftover / "half").write_text("x")
    (tmp_path / "p" / PANEL).write_text('name: "p"\nruns: []\n')
    panel = add_to_panel(tmp_path / "p", entry(1), run)
    assert not (panel.folder(panel.entries[0]) / "half").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("name: x\n", "exactly the keys"),
        ("name: x\nruns: 3\n", "runs are a list"),
        ("name: x\nruns:\n  - 3\n", "panel.yaml:3: a run is a mapping"),
        ("name: x\nruns:\n  - {name: y}\n", "panel.yaml:3: not a run"),
        ("name: x\nname: y\nruns: []\n", "twice"),
        ("name: !x y\nruns: []\n", "tags"),
    ],
)
def test_another_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / PANEL).write_text(text)
    with pytest.raises(InputError, match=said):
        read_panel(tmp_path)


def test_a_name_that_is_a_path_is_refused(tmp_path: Path, run: Path) -> None:
    add_to_panel(tmp_path / "p", entry(1), run)
    file = tmp_path / "p" / PANEL
    file.write_text(file.read_text().replace(f'name: "{entry(1).name}"', 'name: "../../../etc"'))
    with pytest.raises(InputError, match="name or a digest"):
        read_panel(tmp_path / "p")


def test_a_link_and_a_pipe_are_no_panel(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / PANEL).symlink_to("/dev/zero")
    with pytest.raises(InputError, match="is no panel"):
        read_panel(tmp_path / "p")
    (tmp_path / "p" / PANEL).unlink()
    os.mkfifo(tmp_path / "p" / PANEL)
    with pytest.raises(InputError, match="is no panel"):
        read_panel(tmp_path / "p")


def test_a_panel_inside_a_run_is_refused(tmp_path: Path, run: Path) -> None:
    with pytest.raises(InputError, match="inside the folder of a run"):
        add_to_panel(run / "panel", entry(1), run)


def test_several_additions_at_once_lose_none_in_silence(tmp_path: Path, run: Path) -> None:
    add_to_panel(tmp_path / "p", entry(1), run)

    def add(number: int) -> int:
        try:
            add_to_panel(tmp_path / "p", entry(number), run)
        except InputError:  # it was changed meanwhile
            return 0
        return number

    with ThreadPoolExecutor(6) as pool:
        added = set(pool.map(add, range(2, 10)))
    listed = {each.family for each in read_panel(tmp_path / "p").entries}
    assert listed == {"family 1", *(f"family {number}" for number in added if number)}
