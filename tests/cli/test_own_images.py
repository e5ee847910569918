"""Images in files of the user's own questions and in private suites, by the real commands, against a server that sees.

The server decodes each picture that it gets: an answer is right only where the bytes of that row's picture arrived.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import openpyxl
import pyarrow.parquet
import pytest

from steelyard.cli import execute
from steelyard.suites.exposures import read_exposures
from testkit.vision_server import VisionServer, picture

ROWS = 40


@pytest.fixture
def server() -> Iterator[VisionServer]:
    with VisionServer() as started:
        started.is_wrong = lambda first, second: False  # type: ignore[method-assign]
        yield started


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Questions that differ in their pictures alone; the first shows two."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for number in range(1, ROWS + 2):
        (tmp_path / "photos" / f"{number}.png").write_bytes(picture(1000 * number))
    rows = [
        {"question": f"plus {number % 2}?", "answer": 1000 * number + number % 2, "image": f"photos/{number}.png"}
        for number in range(2, ROWS + 1)
    ]
    first = {"question": "plus 5?", "answer": 42_005, "images": ["photos/1.png", "photos/41.png"]}
    file = tmp_path / "shelf.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in [first, *rows]))
    return file


def model(server: VisionServer) -> list[str]:
    return ["--model", f"openai:sees@{server.url}"]


def suite_of(table: Path, server: VisionServer, *more: str) -> Path:
    assert execute(["suite", "new", "shelf", "--from", str(table), "--endpoint", server.url, "--yes", *more]) == 0
    return Path("shelf")


def test_a_file_of_questions_shows_its_pictures(
    table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["run", str(table), *model(server), "--out", "r"]) == 0
    told = capsys.readouterr()
    assert f"{ROWS} of {ROWS} right" in told.out
    assert sorted(server.got) == sorted(picture(1000 * number) for number in range(1, ROWS + 2))
    assert execute(["verify", "r"]) == 0
    assert execute(["show", "r", "--sample", "shelf/row/1"]) == 0
    shown = capsys.readouterr().out
    assert "[image 1][image 2]plus 5?" in shown
    assert shown.count("image/png, ") == 2


def test_what_reads_texts_alone_says_so(table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, calls in (("a", "4"), ("b", "5")):
        assert execute(["run", str(table), *model(server), "--out", folder, "--concurrency", calls]) == 0
    Path("rubric.yaml").write_text("criteria:\n  - {id: short, text: The answer is short.}\n")
    capsys.readouterr()
    judge = ["judge", "run", "a", "--rubric", "rubric.yaml", "--model", f"judge=openai:sees@{server.url}", "--dry-run"]
    for command, said in (
        (["compare", "a", "b"], "its questions show images; of these the texts beside them"),
        (["export", "a", "--to", "every-eval-ever", "--out", "a.json"], "its questions show images, which no export"),
        (judge, "its questions show images, which no judge is shown"),
    ):
        assert execute(command) == 0
        told = capsys.readouterr()
        assert said in " ".join((told.out + told.err).split())


def test_tables_of_spreadsheets_name_pictures_too(
    table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]
) -> None:
    table.with_name("t.csv").write_text(
        "Frage;Antwort;Bild\nplus 1?;3001;photos/1.png|photos/2.png\nplus 2?;3002;photos/3.png\nplus 3?;3;\n"
    )
    book = openpyxl.Workbook()
    book.active.append(["question", "answer", "Images"])
    book.active.append(["plus 1?", 3001, "photos/1.png|photos/2.png"])
    book.active.append(["plus 2?", 3002, "photos/3.png"])
    book.save(table.with_name("t.xlsx"))
    for name, asked in (("t.csv", 3), ("t.xlsx", 2)):
        server.got.clear()
        assert execute(["run", name, *model(server), "--out", f"r-{name}"]) == 0
        assert sorted(server.got) == sorted(picture(1000 * number) for number in (1, 2, 3))
        assert f"{asked} of {asked} right" in capsys.readouterr().out


def test_a_parquet_file_holds_the_pictures_themselves(table: Path, server: VisionServer) -> None:
    rows = [
        {
            "question": "plus 1?",
            "answer": str(1000 * n + 1),
            "image": {"bytes": picture(1000 * n), "path": "/etc/passwd"},
        }
        for n in (1, 2, 3)
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), table.with_name("held.parquet"))
    assert execute(["run", "held.parquet", *model(server), "--out", "r"]) == 0
    assert sorted(server.got) == sorted(picture(1000 * n) for n in (1, 2, 3))
    suite = suite_of(Path("held.parquet"), server)
    assert sorted(each.read_bytes() for each in (suite / "images").iterdir()) == sorted(server.got)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("photos/none.png", "cannot be read: No such file or directory"),
        ("../secret.png", "lies outside the folder of the data"),
        ("/etc/hostname", "lies outside the folder of the data"),
        ("photos/link.png", "cannot be read: it is a link"),
        ("photos", "is no regular file"),
        ("notes.txt", "is no PNG, JPEG or WebP by its first bytes"),
        ("photos/1.png|photos/none.png", "'photos/none.png' cannot be read"),
        ("[photos/1.png", "is not a JSON list of paths"),
    ],
)
def test_what_a_row_may_not_name_is_refused_with_its_line(
    table: Path, server: VisionServer, cell: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table.parent.with_name("secret.png").write_bytes(picture(7))
    (table.parent / "photos" / "link.png").symlink_to("1.png")
    (table.parent / "notes.txt").write_text("no picture")
    table.write_text(
        json.dumps({"question": "plus 1?", "answer": 1001, "image": "photos/1.png"})
        + "\n"
        + json.dumps({"question": "plus 2?", "answer": 2, "image": cell})
        + "\n"
    )
    for command in (["run", str(table)], ["suite", "new", "s", "--from", str(table)]):
        more = model(server) if command[0] == "run" else []
        assert execute([*command, *more]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert "shelf.jsonl:2: " in told
        assert "Traceback" not in told
    assert not server.got
    assert not Path("s").exists()


def test_a_suite_is_sealed_with_its_pictures_and_asked(
    table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_of(table, server)
    told = capsys.readouterr()
    assert f"shelf: {ROWS} items" in told.out  # the same question about another picture is another item
    assert "personal data in them is not looked for" in told.err
    names = sorted(each.name for each in (suite / "images").iterdir())
    assert names == sorted(f"{sha256(picture(1000 * n)).hexdigest()}.png" for n in range(1, ROWS + 2))
    assert execute(["suite", "show", str(suite)]) == 0
    assert f"images     {ROWS} items of {ROWS} show some" in capsys.readouterr().out
    assert execute(["suite", "seal", str(suite)]) == 0
    assert execute(["run", str(suite), "--model", "openai:sees@http://127.0.0.1:9/v1"]) == 2
    assert "may not be shown to" in capsys.readouterr().err
    assert execute(["run", str(suite), *model(server), "--out", "r"]) == 0
    assert f"{ROWS // 2} of {ROWS // 2} right" in capsys.readouterr().out
    assert len(read_exposures(suite)) == 2
    assert execute(["verify", "r"]) == 0
    assert execute(["suite", "check", str(suite), *model(server), "--out", "c"]) == 0
    assert "no gap beyond chance" in capsys.readouterr().out


def test_a_picture_that_changed_is_asked_of_nobody(
    table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_of(table, server)
    changed = min((suite / "images").iterdir())
    changed.write_bytes(picture(5))
    said = "was changed: it does not have the SHA-256 that it is named by"
    for command in (["suite", "seal", "shelf"], ["run", "shelf", *model(server)]):
        assert execute(command) == 2
        assert said in capsys.readouterr().err
    changed.unlink()
    assert execute(["suite", "seal", "shelf"]) == 2
    assert f"images/{changed.name} cannot be read" in capsys.readouterr().err
    assert not server.got


def test_a_suites_pictures_reach_no_other_address_by_a_file(
    table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]
) -> None:
    name = min((suite_of(table, server) / "images").iterdir()).name
    table.write_text(json.dumps({"question": "plus 1?", "answer": 1, "image": f"shelf/images/{name}"}) + "\n")
    assert execute(["run", str(table), *model(server)]) == 2
    assert "holds images of a suite" in capsys.readouterr().err
    assert not server.got


def test_pictures_have_no_twins(table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]) -> None:
    suite = suite_of(table, server)
    assert execute(["suite", "refresh", str(suite), "--all"]) == 2
    assert f"none of {ROWS} items has a twin" in capsys.readouterr().err
    assert execute(["suite", "refresh", str(suite), "--all", "--retire"]) == 2
    assert "every item would be retired" in capsys.readouterr().err


def test_an_encrypted_suite_holds_no_picture_in_plain_and_erases_them(
    table: Path, server: VisionServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEELYARD_READER", str(table.with_name("reader.txt")))
    assert execute(["suite", "reader"]) == 0
    reader = next(word for word in capsys.readouterr().out.split() if word.startswith("age1"))
    suite = suite_of(table, server)
    with (suite / "suite.yaml").open("a") as file:
        file.write(f"readers: [{reader}]\n")
    assert execute(["suite", "seal", "shelf"]) == 0
    before = {each.name: each.read_bytes() for each in (suite / "images").iterdir()}
    assert execute(["suite", "encrypt", "shelf"]) == 0
    held = [each for each in suite.rglob("*") if each.is_file()]
    assert not any(data in each.read_bytes() for each in held for data in before.values())
    assert not {each.name for each in held} & set(before)
    assert "so look whether texts" not in capsys.readouterr().out
    assert execute(["run", "shelf#all", *model(server), "--out", "r"]) == 0
    assert f"{ROWS} of {ROWS} right" in capsys.readouterr().out
    item = json.loads((suite / "samples.vault.jsonl").read_text().splitlines()[0])["id"]
    boxes = set((suite / "images").iterdir())
    shutil.copytree(suite, "copy")
    assert execute(["suite", "erase", "shelf", "--item", item]) == 0
    left = set((suite / "images").iterdir())
    assert len(boxes - left) == 2
    one, other = (Path("copy/images") / each.name for each in sorted(left)[:2])
    one.write_bytes(other.read_bytes())
    assert execute(["run", "copy#all", *model(server)]) == 2
    assert "was changed since it was encrypted" in capsys.readouterr().err
    shutil.copy(next(each for each in boxes if each.name == one.name), one)
    assert execute(["suite", "encrypt", "copy", "--undo"]) == 0
    assert {each.name: each.read_bytes() for each in Path("copy/images").iterdir()} == before


def test_gates_and_watches_ask_pictures(table: Path, server: VisionServer) -> None:
    suite_of(table, server)
    assert execute(["gate", "shelf", *model(server), "--at-least", "80%", "--out", "g"]) == 0
    assert execute(["watch", "begin", "shelf", *model(server), "--items", "20", "--out", "w"]) == 0
    assert execute(["watch", "look", "w"]) == 0


def test_own_prompts_that_leave_images_out_are_refused(
    table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_of(table, server)
    plain = (suite / "suite.yaml").read_text()
    for prompt, said in (
        ('{prompt: "{{ question }}", chat: true}', "shows no images"),
        ('{prompt: "{{ images | join }}{{ question }}"}', "shown in a chat"),
    ):
        (suite / "suite.yaml").write_text(f"{plain}prompts:\n  own: {prompt}\n")
        assert execute(["run", "shelf", *model(server)]) == 2
        assert said in capsys.readouterr().err
    (suite / "suite.yaml").write_text(
        f'{plain}prompts:\n  own: {{prompt: "{{{{ question }}}}{{{{ images | join }}}}", chat: true}}\n'
    )
    assert execute(["run", "shelf", *model(server), "--out", "r"]) == 0
    assert server.contents[0][0]["type"] == "text"


def test_the_review_shows_pictures_and_keeps_them(
    table: Path, server: VisionServer, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_of(table, server)
    assert execute(["suite", "review", str(suite), "--html", "page.html"]) == 0
    page = Path("page.html").read_text()
    assert "img-src data:" in page
    assert "Image 2: PNG, " in page
    name = json.loads((suite / "samples.jsonl").read_text().splitlines()[0])["images"][0]
    (suite / "images" / name).write_bytes(b"<svg onload=alert(1)>")
    assert execute(["suite", "review", str(suite), "--html", "page.html"]) == 0
    shutil.rmtree(suite / "images")
    assert execute(["suite", "review", str(suite), "--html", "page.html"]) == 2
    assert "cannot be read" in capsys.readouterr().err
