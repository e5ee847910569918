"""Images end to end: what an endpoint gets, what a run keeps, what a stranger can change, withhold and check."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.evidence.verify import verify_integrity
from steelyard.storage.run_folder import RunFolder
from testkit.vision_server import VisionServer, picture, write_task

COUNT = 24


def uri(server: VisionServer) -> str:
    return f"openai:sees@{server.url}"


def asked(folder: Path, *, public: bool) -> tuple[Path, VisionServer]:
    task, run = write_task(folder / "task", COUNT, public=public), folder / "run"
    with VisionServer() as server:
        assert execute(["run", str(task), "--model", uri(server), "--out", str(run)]) == 0
    return run, server


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VisionServer]:
    """A run of questions of one's own, sealed with its texts, and the server that was asked."""
    return asked(tmp_path_factory.mktemp("sealed"), public=False)


@pytest.fixture(scope="module")
def withheld(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a public benchmark, sealed without its texts."""
    return asked(tmp_path_factory.mktemp("withheld"), public=True)[0]


@pytest.fixture
def run(sealed: tuple[Path, VisionServer], tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(sealed[0], tmp_path / "copy"))


def attempts(run: Path) -> list[dict[str, Any]]:
    lines = (run / "journal" / "main-0000.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if '"type":"attempt"' in line]


def media(run: Path) -> list[Path]:
    return sorted((run / "media").iterdir())


def test_every_byte_arrives_as_it_is_in_the_data_set(sealed: tuple[Path, VisionServer]) -> None:
    run, server = sealed
    files = [picture(number * 1000) for number in range(1, COUNT + 1)]
    assert Counter(server.got) == Counter(files)
    assert {path.name: path.read_bytes() for path in media(run)} == {sha256(each).hexdigest(): each for each in files}
    for content in server.contents:
        assert [part["type"] for part in content] == ["text", "image_url", "text"]
        assert content[0]["text"] == "Look at "
        assert content[2]["text"].startswith(" and say: plus ")


def test_the_answers_are_those_of_who_sees(sealed: tuple[Path, VisionServer]) -> None:
    scores = [json.loads(line)["value"] for line in (sealed[0] / "scores.jsonl").read_text().splitlines()]
    assert len(scores) == COUNT
    assert COUNT > sum(scores) > COUNT // 2


def test_bytes_stand_in_media_alone(sealed: tuple[Path, VisionServer]) -> None:
    run, _ = sealed
    encoded = b"iVBORw0KGgo"
    for path in run.rglob("*"):
        if path.is_file() and path.parent.name != "media":
            assert encoded not in path.read_bytes(), path
            assert b"\x89PNG" not in path.read_bytes(), path
    assert {path.stat().st_mode & 0o777 for path in media(run)} == {0o600}
    assert all(each.images for each in RunFolder.open(run).plan.measurements)


def test_it_verifies(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["verify", str(run)]) == 0
    assert f"{COUNT} scores recomputed" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["changed", "cut", "longer", "swapped"])
def test_a_tampered_image_is_named(how: str, run: Path) -> None:
    one, other = media(run)[:2]
    data = one.read_bytes()
    changed = {"changed": data[:-1] + b"\0", "cut": data[:9], "longer": data + b"\0", "swapped": other.read_bytes()}
    one.write_bytes(changed[how])
    with pytest.raises(VerificationError, match=rf"^media/{one.name}: was changed"):
        verify_integrity(run)


def test_an_image_that_is_missing_an_added_one_and_one_that_is_none(run: Path) -> None:
    taken = media(run)[0]
    data = taken.read_bytes()
    taken.unlink()
    with pytest.raises(VerificationError, match=rf"media/: 1 images are missing, such as the one .* {taken.name}"):
        verify_integrity(run)
    taken.write_bytes(data)
    added = run / "media" / sha256(b"\x89PNG").hexdigest()
    added.write_bytes(b"\x89PNG")
    with pytest.raises(VerificationError, match=rf"^media/{added.name}: was added"):
        verify_integrity(run)
    added.unlink()
    (run / "media" / "picture.png").write_bytes(data)
    with pytest.raises(VerificationError, match=r"^media/picture\.png: was added: the seal does not name it"):
        verify_integrity(run)


def test_withheld_images_are_counted_and_need_not_be_there(withheld: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(withheld, tmp_path / "copy"))
    assert not [each for each in verify_integrity(copy).messages if "withheld" in each]
    shutil.rmtree(copy / "media")
    assert (
        f"{COUNT} images are withheld; the samples that show them name their digests" in verify_integrity(copy).messages
    )
    assert execute(["verify", str(copy)]) == 0
    shutil.rmtree(copy / "texts")
    assert verify_integrity(copy).texts == f"withheld {COUNT * 2 - _equal_texts(withheld)}"
    assert execute(["verify", str(copy)]) == 0


def _equal_texts(run: Path) -> int:
    answers = [each["answer"] for each in attempts(run)]
    return len(answers) - len(set(answers))


def test_images_whose_samples_are_withheld_must_be_withheld_too(withheld: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(withheld, tmp_path / "copy"))
    shutil.rmtree(copy / "texts")
    with pytest.raises(VerificationError, match=r"no sample in texts/ shows this image"):
        verify_integrity(copy)


def test_show_names_them(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["show", str(run), "--limit", "1"]) == 0
    out = capsys.readouterr().out
    assert "Look at [image 1] and say: plus" in out
    assert "\n  image 1     image/png, 7" in out
    unwrapped = "".join(out.split())  # a long path takes several lines
    assert set(re.findall(r"media/([0-9a-f]{64})", unwrapped)) <= {path.name for path in media(run)}
    assert "media/" in unwrapped
    assert execute(["show", str(run), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["answers"][0]
    assert [(each["media_type"], each["bytes"]) for each in first["images"]] == [
        ("image/png", (run / "media" / first["images"][0]["sha256"]).stat().st_size)
    ]
    assert execute(["show", str(run), "--csv"]) == 0
    assert first["images"][0]["sha256"] in capsys.readouterr().out


def test_a_page_shows_them(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert execute(["show", str(run), "--html", str(page)]) == 0
    text = page.read_text()
    assert text.count('src="data:image/png;base64,iVBORw0KGgo') == COUNT
    assert "img-src data:;" in text
    shutil.rmtree(run / "texts")  # nothing is shown of what is withheld, and the page loads nothing then
    shutil.rmtree(run / "media")
    assert execute(["show", str(run), "--html", str(page)]) == 0
    assert "img-src" not in page.read_text()


# ── ends and failures ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_kill_between_image_and_journal_is_mended_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    task, run = write_task(tmp_path / "task", COUNT), tmp_path / "run"
    with VisionServer() as server:
        server.seconds = lambda wrong: 0.3
        command = [sys.executable, "-m", "steelyard", "run", str(task), "--model", uri(server), "--out", str(run)]
        process = subprocess.Popen(
            [*command, "--concurrency", "4"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while len(server.got) < 7:
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        answered = {each["sample"] for each in attempts(run)}
        assert len(media(run)) > len(answered)  # in flight: on the disk, and in no journal line
        ended = Path(shutil.copytree(run, tmp_path / "ended"))
        (ended / "media" / f"{'ab' * 32}.partial").write_bytes(b"\x89PNG")
        execute(["resume", str(ended), "--finalize"])
        assert execute(["verify", str(ended)]) == 0
        torn, gone, *_ = media(run)
        torn.write_bytes(torn.read_bytes()[:11])
        gone.unlink()
        (run / "media" / f"{'ab' * 32}.partial").write_bytes(b"\x89PNG")
        server.seconds = lambda wrong: 0.0
        assert execute(["resume", str(run), "--task", str(task)]) == 0
    made = attempts(run)
    assert len(made) == len({each["sample"] for each in made}) == COUNT
    assert execute(["verify", str(run)]) == 0
    assert [path.name for path in media(run)] == sorted(
        sha256(picture(number * 1000)).hexdigest() for number in range(1, COUNT + 1)
    )


def test_a_picture_that_changed_since_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task, run = write_task(tmp_path / "task", COUNT), tmp_path / "run"
    with VisionServer() as server:

        def swap(_: bool) -> float:
            for number in range(1, COUNT + 1):
                (tmp_path / "task" / "pictures" / f"{number}.png").write_bytes(picture(5))
            return 0.05

        server.seconds = swap
        code = execute(["run", str(task), "--model", uri(server), "--out", str(run), "--concurrency", "1"])
    assert code == 2
    assert "an image was changed since the plan was sealed: put it back, and resume" in capsys.readouterr().err
    assert picture(5) not in server.got


def test_a_model_that_takes_no_images_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = write_task(tmp_path / "task", 2)
    with VisionServer() as server:
        server.refuses = lambda: 400
        assert execute(["run", str(task), "--model", uri(server), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.endswith("plain_pictures: its samples show images: it refuses one: HTTP 400: this model sees nothing")
    assert not (tmp_path / "run").exists()


def test_a_recording_answers_for_the_same_images(sealed: tuple[Path, VisionServer], tmp_path: Path) -> None:
    run, _ = sealed
    task = run.parent / "task" / "plain_pictures.yaml"
    again = tmp_path / "again"
    assert execute(["run", str(task), "--model", f"recorded:{run}", "--out", str(again)]) == 0
    values = [
        {each["sample"]: each["value"] for each in map(json.loads, (of / "scores.jsonl").read_text().splitlines())}
        for of in (run, again)
    ]
    assert values[0] == values[1]
    assert execute(["verify", str(again)]) == 0


def test_a_retry_sends_the_same_bytes_again(tmp_path: Path) -> None:
    task, run = write_task(tmp_path / "task", 4), tmp_path / "run"
    with VisionServer() as server:
        server.fails_first = True
        assert execute(["run", str(task), "--model", uri(server), "--out", str(run)]) == 0
    assert Counter(server.got) == Counter({picture(number * 1000): 2 for number in range(1, 5)})
    assert execute(["verify", str(run)]) == 0


def test_an_endpoint_that_ends_too_large_a_request_early_says_so(tmp_path: Path) -> None:
    task, run = write_task(tmp_path / "task", 2, padding=3_000_000), tmp_path / "run"
    server = VisionServer()
    server.largest = 100_000
    with server:
        assert execute(["run", str(task), "--model", uri(server), "--out", str(run), "--concurrency", "1"]) == 4
    made = attempts(run)
    assert {each["outcome"] for each in made} == {"client_error"}
    assert {each["detail"][:8] for each in made} == {"HTTP 413"}


# ── a claim about images ────────────────────────────────────────────────────────────────────────────────────────────


def mirror_of_charts(folder: Path, count: int) -> Path:
    """Made-up rows in the layout of ChartQA's test split on the hub."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {
            "image": {"bytes": picture(number * 1000), "path": f"{number}.png"},
            "query": f"What does the chart show, plus {number % 9}?",
            "label": [str(number * 1000 + number % 9)],
            "human_or_machine": number % 2,
        }
        for number in range(1, count + 1)
    ]
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", image), ("query", pa.string()), ("label", pa.list_(pa.string())), ("human_or_machine", pa.int64())]
    )
    file = folder / "HuggingFaceM4/ChartQA/default/test.parquet"
    file.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), file)
    return folder


@pytest.mark.parametrize(("claimed", "code", "word"), [("78.0", 0, "consistent"), ("97.0", 1, "inconsistent")])
def test_a_claim_on_chartqa_is_tested(
    claimed: str, code: int, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    mirror = mirror_of_charts(tmp_path / "data", 240)
    sheet, run = tmp_path / "claims.yaml", tmp_path / "run"
    sheet.write_text(
        "model: Sees\nserved_as: sees\nclaims:\n"
        f"  - {{task: chartqa, value: {claimed}, metric: relaxed_accuracy, shots: 0, "
        "protocol: {decoding: greedy, prompt: final answer}}\n"
    )
    with VisionServer() as server:
        assert audit_part(sheet, server, mirror, run) == code
    report = json.loads((run / "report.json").read_text())
    assert [each["verdict"] for each in report["claims"]] == [word]
    assert server.contents[0][0]["type"] == "image_url"
    assert server.contents[0][1]["text"].startswith("You are provided a chart image and will be asked a question.")
    assert execute(["verify", str(run)]) == 0


def audit_part(sheet: Path, server: VisionServer, mirror: Path, run: Path) -> int:
    """An audit of a sheet by a mirror that holds a part of the benchmark: its exit code."""
    command = ["audit", str(sheet), "--model", uri(server), "--data", str(mirror)]
    return execute([*command, "--allow-part", "--out", str(run)])


def test_a_claim_on_chartqa_is_not_tested_where_the_model_takes_no_images(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    mirror = mirror_of_charts(tmp_path / "data", 5)
    sheet, run = tmp_path / "claims.yaml", tmp_path / "run"
    sheet.write_text("model: Sees\nserved_as: sees\nclaims:\n  - {task: chartqa, value: 90, shots: 0}\n")
    with VisionServer() as server:
        server.counts = 0
        audit_part(sheet, server, mirror, run)
    (claim,) = json.loads((run / "report.json").read_text())["claims"]
    assert claim["verdict"] == "not_tested"
    assert "its samples show images: it counts no token for one" in claim["reason"]
    assert server.got == []
    assert execute(["verify", str(run)]) == 0
