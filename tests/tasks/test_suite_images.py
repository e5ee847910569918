"""The images of a suite: named by their SHA-256, in its own folder, and encrypted under their subject's key."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.tasks.suite_images import (
    IMAGES,
    about_image,
    box_path,
    boxed_image,
    check_image_names,
    image_name,
    is_box,
    opened_image,
    plain_images,
    suite_image,
)
from testkit.suite_files import suite_at
from testkit.vision_server import picture

KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / IMAGES).mkdir()
    (tmp_path / IMAGES / image_name(picture(1), "it")).write_bytes(picture(1))
    return tmp_path


def test_a_name_is_the_sha256_and_nothing_else_is_a_name(folder: Path) -> None:
    name = image_name(picture(1), "it")
    assert name == f"{sha256(picture(1)).hexdigest()}.png"
    assert suite_image(folder, name) == picture(1)
    assert about_image(folder, name) == ("image/png", len(picture(1)))
    assert [each.name for each in plain_images(folder)] == [name]
    for wrong in ("a.png", f"../{name}", f"{name}/", name.upper(), name.replace(".png", ".svg"), f"{name}\n", ""):
        with pytest.raises(InputError, match=r"^samples.jsonl:3: images: .* is none"):
            check_image_names(SuiteItem(id="a", question="?", images=(wrong,)), Path("samples.jsonl"), 3)
    with pytest.raises(InputError, match="a request has at most 50"):
        check_image_names(SuiteItem(id="a", question="?", images=(name,) * 51), Path("samples.jsonl"), 3)


def test_another_file_or_a_link_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    name = image_name(picture(1), "it")
    (folder / IMAGES / name).write_bytes(picture(2))
    with pytest.raises(InputError, match="was changed"):
        suite_image(folder, name)
    renamed = folder / IMAGES / name.replace(".png", ".jpg")
    renamed.write_bytes(picture(1))
    with pytest.raises(InputError, match="was changed"):
        suite_image(folder, renamed.name)  # a page would show it as what it is not
    other = tmp_path_factory.mktemp("other")
    (other / IMAGES).symlink_to(folder / IMAGES)
    with pytest.raises(InputError, match="is a link"):
        suite_image(other, name)


def test_an_encrypted_image_opens_under_its_key_and_name_alone(folder: Path) -> None:
    name, other = (image_name(picture(each), "it") for each in (1, 2))
    path = box_path(folder, name, KEY)
    path.write_bytes(boxed_image(name, picture(1), KEY))
    assert opened_image(folder, name, KEY) == picture(1)
    assert is_box(path.relative_to(folder))
    assert not is_box(Path(IMAGES) / name)
    assert box_path(folder, name, KEY[::-1]) != path
    assert name[:16] not in path.name
    box_path(folder, other, KEY).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="was changed since it was encrypted"):
        opened_image(folder, other, KEY)
    box_path(folder, other, KEY).write_bytes(boxed_image(other, picture(1), KEY))
    with pytest.raises(InputError, match="holds another image"):
        opened_image(folder, other, KEY)
    path.write_bytes(b"short")
    with pytest.raises(InputError, match="was changed since it was encrypted"):
        opened_image(folder, name, KEY)


def test_the_suites_digest_is_over_its_images(tmp_path: Path) -> None:
    from steelyard.tasks.suite_task import task_from_suite

    digests = set()
    for number in (1, 2):
        name = image_name(picture(number), "it")
        line = f'{{"id": "a", "question": "What is it?", "answer": "7", "images": ["{name}"]}}\n'
        folder = suite_at(tmp_path / str(number), "suite: seen\n", line)
        (folder / IMAGES).mkdir()
        (folder / IMAGES / name).write_bytes(picture(number))
        digests.add(task_from_suite(folder).suite)
    assert len(digests) == 2
