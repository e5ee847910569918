"""Images in rows and prompts: where they stand, what a hostile data set cannot do, and what each refusal says."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, Image
from steelyard.records.images import MAX_IMAGE_BYTES, MAX_IMAGES
from steelyard.tasks.catalogue import open_task_file, shows_images
from steelyard.tasks.images import RowImages
from steelyard.tasks.items import digest_of_item
from testkit.vision_server import picture, write_task


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def images_of(row: dict[str, Any], folder: Path | None = None, columns: tuple[str, ...] = ("image",)) -> RowImages:
    return RowImages(row, columns, folder)


def task_with(folder: Path, prompt: str, rows: list[dict[str, Any]], columns: str = "[image]", more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    file = folder / "seen.yaml"
    file.write_text(
        "id: seen\nfile: rows.jsonl\npublic: false\n"
        f"fields: {{target: answer, question: question, images: {columns}}}\n"
        f"scorer: {{name: exact}}\nprompts:\n  chat: {{prompt: {json.dumps(prompt)}, chat: true{more}}}\n"
    )
    return file


def asked(file: Path) -> list[GenerateRequest]:
    samples = open_task_file(file).prepare("chat")
    return [sample.request for sample in samples]  # type: ignore[misc]


def test_an_image_stands_where_it_is_printed(tmp_path: Path) -> None:
    file = write_task(tmp_path / "task", 2)
    first, second = asked(file)
    assert first.prompt == "Look at  and say: plus 1?"
    assert first.images == (Image(sha256=digest(picture(1000)), media_type="image/png", at=8, data=picture(1000)),)
    assert second.images[0].data == picture(2000)


def test_lists_marks_details_and_conditions(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    for number in (1, 2):
        (tmp_path / "t" / f"{number}.png").write_bytes(picture(number))
    row = {
        "question": "Is <image 2> left of <image 1>? <image 2>",
        "answer": "yes",
        "all": ["1.png", "2.png"],
        "no": None,
    }
    prompt = "{% if no %}{{ no }}{% endif %}{{ question | at_marks(all) }}{% for each in all %}{{ each }}{% endfor %}"
    file = task_with(tmp_path / "t", prompt, [row], "[all, no]", ", image_detail: low")
    (request,) = asked(file)
    assert request.prompt == "Is  left of ? "
    assert [(image.at, image.data) for image in request.images] == [
        (3, picture(2)), (12, picture(1)), (14, picture(2)), (14, picture(1)), (14, picture(2)),
    ]  # fmt: skip
    assert {image.detail for image in request.images} == {"low"}


@given(st.lists(st.text(st.characters(exclude_characters="\ufdd0\ufdd1", exclude_categories=["Cs"]))))
def test_marks_are_taken_out_and_found(texts: list[str]) -> None:
    shown = images_of({"image": [picture(1), picture(2)]})
    one, two = shown.values["image"]
    prompt, images = shown.placed_in(str(one).join(texts) + str(two))
    assert prompt == "".join(texts)
    places = [sum(map(len, texts[:number])) for number in range(1, len(texts))]
    assert [image.at for image in images] == [*places, len(prompt)]


@pytest.mark.parametrize("text", ["\ufdd00\ufdd1", "\ufdd1", "a\ufdd0"])
def test_data_cannot_forge_an_image(text: str) -> None:
    for value in (text, [text], {"deep": [{text: 1}]}):
        with pytest.raises(InputError, match=r"holds U\+FDD0 or U\+FDD1"):
            images_of({"image": picture(1), "question": value})


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("{{ (image ~ 'x')[:2] }}", "takes an image's mark apart"),
        ("{{ image.data }}", "has no attribute|object"),
        ("{{ image._image }}", "unsafe"),
        ("{{ row.image._image.data }}", "unsafe"),
        ("{{ image | as_json }}", "not JSON serializable"),
        ("{{ image | length }}", "has no len"),
        ("{{ gone }}", "the row has no image in 'gone'"),
        ("{{ [image] }}", "prints a list of images whole: print each, as {% for"),
        ("{{ (image, gone) ~ '' }}", "prints a list of images whole"),
        ("{{ [gone] | string }}", "prints a list of images whole"),
        ("{{ {'a': image} }}", "prints a list of images whole"),
        ("{{ '{!r}'.format(image) }}", "prints a list of images whole"),
    ],
)
def test_a_template_can_print_an_image_and_nothing_else(prompt: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "1.png").write_bytes(picture(1))
    row = {"question": "q", "answer": "a", "image": "1.png", "gone": ""}
    file = task_with(tmp_path / "t", prompt, [row], "[image, gone]")
    with pytest.raises(InputError, match=reason) as caught:
        asked(file)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("(sample seen/row/1)")


def test_an_image_is_no_right_answer(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "1.png").write_bytes(picture(1))
    file = task_with(tmp_path / "t", "{{ image }}", [{"question": "q", "answer": "a", "image": "1.png"}])
    file.write_text(file.read_text().replace("target: answer", "target: image"))
    with pytest.raises(InputError, match="stand for images"):
        asked(file)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "lies outside the folder"),
        ("../secret.png", "lies outside the folder"),
        ("link.png", "cannot be read: it is a link"),
        ("linked/secret.png", "lies outside the folder"),
        ("folder/../../secret.png", "lies outside the folder"),
        ("gone.png", "cannot be read: No such file"),
        ("a" * 5000, "cannot be read: File name too long"),
        ("a\0b", "cannot be read: it is no path"),
        ("..", "lies outside the folder"),
        ("folder/", "lies outside the folder"),
        ("a\0b/c.png", "cannot be read: it is no path"),
        ("", None),
        ("pipe", "is no regular file"),
        ("folder", "is no regular file"),
        ("text.png", "is no PNG, JPEG or WebP"),
        ("drawn.svg", "is no PNG, JPEG or WebP"),
        ("empty.png", "is no PNG, JPEG or WebP"),
        ("huge.png", "at most 20,000,000 are sent"),
        (7, "neither an image nor the path of one, but int"),
        ({"bytes": None, "path": "/etc/passwd"}, None),
        ({"path": "right.png"}, None),
        ({"bytes": "text"}, "its bytes are none"),
    ],
)
def test_hostile_cells(name: Any, reason: str | None, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    (inside / "folder").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(picture(9))
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    (inside / "linked").symlink_to(tmp_path)
    (inside / "right.png").write_bytes(picture(9))
    os.mkfifo(inside / "pipe")
    (inside / "text.png").write_bytes(b"just text")
    (inside / "drawn.svg").write_bytes(b"<svg/>")
    (inside / "empty.png").write_bytes(b"")
    with (inside / "huge.png").open("wb") as file:
        file.write(picture(1))
        file.truncate(MAX_IMAGE_BYTES * 1000)
    if reason is None:
        assert not images_of({"image": name}, inside).values["image"]
        return
    with pytest.raises(InputError, match=reason) as caught:
        images_of({"image": name}, inside)
    assert len(str(caught.value)) < 300


def test_the_ending_of_a_name_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "chart.jpg").write_bytes(picture(3))
    (_, images) = (shown := images_of({"image": "chart.jpg"}, tmp_path)).placed_in(str(shown.values["image"]))
    assert images[0].media_type == "image/png"


def test_rows_in_no_folder_have_no_paths() -> None:
    with pytest.raises(InputError, match="give a mirror with --data"):
        images_of({"image": "chart.png"})


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no column 'image'"):
        images_of({"picture": picture(1)})


def test_a_row_may_lack_some_of_the_columns_and_cannot_show_them(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "1.png").write_bytes(picture(1))
    shown = "{% if other %}{{ other }}{% endif %}{{ image }}"
    row = {"question": "?", "answer": "1", "image": "1.png"}
    assert len(asked(task_with(tmp_path / "t", shown, [row], "[image, other]"))[0].images) == 1
    with pytest.raises(InputError, match="the row has no image in 'other'"):
        asked(task_with(tmp_path / "t", "{{ other }}", [row], "[image, other]"))


def test_more_than_a_request_may_hold() -> None:
    shown = images_of({"image": picture(1)})
    with pytest.raises(InputError, match=f"shows {MAX_IMAGES + 1} images of .* a request has at most {MAX_IMAGES}"):
        shown.placed_in(str(shown.values["image"]) * (MAX_IMAGES + 1))
    large = images_of({"image": picture(1) + bytes(19_000_000)})
    with pytest.raises(InputError, match="and 64,000,000 bytes"):
        large.placed_in(str(large.values["image"]) * 3)


def test_other_pictures_are_other_items(tmp_path: Path) -> None:
    file = write_task(tmp_path / "task", 3)
    before = open_task_file(file).prepare("chat").item_digests()
    (tmp_path / "task" / "pictures" / "2.png").write_bytes(picture(4711))
    after = open_task_file(file).prepare("chat").item_digests()
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert digest_of_item("q", ["a"], "t") == digest_of_item("q", ["a"], "t", ())
    assert digest_of_item("q", ["a"], "t") != digest_of_item("q", ["a"], "t", ["ab"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((", chat: true", ""), "images are shown in a chat"),
        ((", chat: true", ", chat: true, next_tokens: 5"), "images are shown in a chat"),
        ((", chat: true", ', chat: true, prefix: "{% for shot in shots %}{% endfor %}"'), "worked examples"),
        ((", chat: true", ", chat: true, image_detail: huge"), "Invalid enum value 'huge'"),
    ],
)
def test_what_a_task_file_cannot_say(change: tuple[str, str], reason: str, tmp_path: Path) -> None:
    file = task_with(tmp_path / "t", "{{ image }}", [{"question": "q", "answer": "a", "image": None}])
    file.write_text(file.read_text().replace(*change))
    with pytest.raises(InputError, match=reason):
        open_task_file(file)


def test_which_tasks_show_images(tmp_path: Path) -> None:
    file = write_task(tmp_path / "task", 1)
    assert shows_images(["plain_pictures"], [file])
    assert not shows_images(["plain_pictures", "gsm8k", "nobody knows it"])
    assert shows_images(["gsm8k", "ChartQA"])


def test_which_files_of_questions_show_images(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    texts = {
        "plain.csv": "question,answer\nWhat is it?,1\n",
        "spoken.csv": "question,answer\nWhat is an image?,1\n",  # the word alone shows none
        "shown.csv": "question,answer,image\nWhat is it?,1,a.png\n",
        "excel.csv": "Frage;Antwort;Bild\nWann?;1;a.png\n",
        "late.jsonl": '{"question": "a?", "answer": "1"}\n{"question": "b?", "answer": "1", "images": ["a.png"]}\n',
        "escaped.jsonl": '{"question": "a?", "answer": "1", "\\u0069mage": "a.png"}\n',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-16" if name == "excel.csv" else "utf-8")
    files = [tmp_path / name for name in texts]
    found = {name.partition(".")[0]: shows_images([name.partition(".")[0]], files) for name in texts}
    assert found == {"plain": False, "spoken": False, "shown": True, "excel": True, "late": True, "escaped": True}
    assert not shows_images(["plain", "spoken", "gsm8k"], files)
    assert shows_images(["plain", "chartqa"], files)
