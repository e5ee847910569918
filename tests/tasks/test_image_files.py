"""Files of images beside rows: whatever data name, nothing but a regular file of that folder is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records.images import MAX_IMAGE_BYTES
from steelyard.tasks.image_files import folder_of_image, read_image_file, type_of_image
from testkit.vision_server import picture

PARTS = st.sampled_from(["..", ".", "", "in", "out", "a.png", "b.png", "link", "\0", "~", "$HOME", "é" * 300])


@given(st.lists(PARTS, max_size=6).map("/".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    if not folder.exists():
        (folder / "in").mkdir(parents=True)
        (tmp_path / "b.png").write_bytes(b"secret")
        (folder / "a.png").write_bytes(b"mine")
        (folder / "in" / "a.png").write_bytes(b"mine")
        (folder / "out").symlink_to(tmp_path)
        (folder / "link").symlink_to(tmp_path / "b.png")
    said, data = "", b""
    try:
        data = read_image_file(folder_of_image(folder, name, "it"), name.rpartition("/")[2], "it")
    except InputError as error:
        said = str(error)
    assert (data == b"mine") != (said.startswith("it ") and "\n" not in said)


def test_what_is_no_file_does_not_stall_and_what_grows_is_not_read_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="is no regular file"):
        read_image_file(str(tmp_path), "pipe.png", "it")
    (tmp_path / "a.png").write_bytes(picture(1))
    assert read_image_file(str(tmp_path), "a.png", "it", 4) == picture(1)[:4]


def test_a_type_is_what_the_bytes_say() -> None:
    assert type_of_image(picture(1), "it") == "image/png"
    assert type_of_image(b"\xff\xd8\xff\xe0", "it") == "image/jpeg"
    assert type_of_image(b"RIFF\0\0\0\0WEBPVP8L", "it") == "image/webp"
    for data, said in ((b"GIF89a", "is no PNG, JPEG or WebP"), (b"", "is no PNG"), (b"<svg/>", "is no PNG")):
        with pytest.raises(InputError, match=said):
            type_of_image(data, "it")
    with pytest.raises(InputError, match="at most 20,000,000 are sent"):
        type_of_image(picture(1) + b"\0" * MAX_IMAGE_BYTES, "it")
