"""The cells of a row that hold images, and which of them can be sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.tasks.column_names import Columns
from steelyard.tasks.question_images import check_image_cells, identity_of, image_cells, image_data
from testkit.vision_server import picture

COLUMNS = Columns("question", "answer", "", images=("image",))


def cells(value: Any) -> list[Any]:
    return [cell for _, cell in image_cells({"image": value}, COLUMNS, Path("t.csv"), 2)]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a.png", ["a.png"]),
        (" a.png | b.png|", ["a.png", "b.png"]),
        ('["a.png", "b|c.png"]', ["a.png", "b|c.png"]),
        (["a.png", None, ""], ["a.png"]),
        ({"bytes": b"x", "path": "/etc/passwd"}, [{"bytes": b"x", "path": "/etc/passwd"}]),
        (None, []),
        ("", []),
        (float("nan"), []),
        (7, [7]),
    ],
)
def test_a_cell_is_one_image_several_or_none(value: Any, found: list[Any]) -> None:
    assert cells(value) == found


def test_several_columns_are_read_in_their_order() -> None:
    row = {"images": ["b.png", "c.png"], "image": "a.png"}
    assert image_cells(row, COLUMNS, Path("t.csv"), 2) == [
        ("image", "a.png"),
        ("images", "b.png"),
        ("images", "c.png"),
    ]


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), lambda each: st.lists(each, max_size=4)))
def test_whatever_a_cell_holds_is_read_or_refused_in_a_line(value: Any) -> None:
    found, said = [], ""
    try:
        found = cells(value)
        check_image_cells([("image", cell) for cell in found], Path(__file__).parent, "t.csv:2")
    except InputError as error:
        said = str(error)
    assert said.startswith("t.csv:2: image") if found or said else not found
    assert not said or said.endswith(("or give the column another name", "a request has at most 50"))


def test_a_row_shows_no_more_than_a_request_can_hold(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    check_image_cells([("image", "a.png")] * 50, tmp_path, "t.csv:2")
    with pytest.raises(InputError, match=r"t\.csv:2: shows 51 images"):
        check_image_cells([("image", "a.png")] * 51, tmp_path, "t.csv:2")


def test_two_cells_are_one_image_by_path_or_bytes() -> None:
    held = {"bytes": picture(1), "path": "a"}
    assert identity_of(held) == identity_of(held | {"path": "b"}) == identity_of(picture(1))
    assert len({identity_of(each) for each in ("a.png", "b.png", held, {"bytes": picture(2)}, 7)}) == 5


def test_a_column_whose_name_holds_a_line_end_makes_no_line() -> None:
    with pytest.raises(InputError) as raised:
        check_image_cells(
            image_cells({"image\n": "no.png"}, replace(COLUMNS, images=("image\n",)), Path("t.csv"), 2),
            Path(__file__).parent,
            "t.csv:2",
        )
    assert "\n" not in str(raised.value)


def test_bytes_of_a_parquet_file_are_taken_and_its_path_is_not(tmp_path: Path) -> None:
    held = {"bytes": picture(1), "path": "secret.png"}
    assert image_data(("image", held), tmp_path, "here") == picture(1)
    (tmp_path / "secret.png").write_bytes(picture(2))
    with pytest.raises(InputError, match="neither the path of an image nor its bytes"):
        image_data(("image", {"bytes": None, "path": "secret.png"}), tmp_path, "here")
