"""The letters that are shipped: all of printable ASCII, with their licence beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from steelyard.tasks import drawing
from steelyard.tasks.drawing.faces import FACES, face


@pytest.mark.parametrize("name", FACES)
def test_a_face_has_every_printable_letter(name: str) -> None:
    found = face(name)
    assert "".join(sorted(found.letters)) == "".join(map(chr, range(0x20, 0x7F)))
    for letter, (width, outline) in found.letters.items():
        assert 0 < width < 2 * found.units
        assert re.fullmatch(r"[MLHVQZ0-9 -]*", outline)
        assert bool(outline) == (letter != " ")


def test_the_width_of_a_text_is_that_of_its_letters() -> None:
    mono = face("mono")
    assert mono.width("abc", 10) == pytest.approx(3 * mono.width("i", 10))
    assert face("sans").width("W", 10) > face("sans").width("i", 10)
    assert face("sans").width("Ab", 20) == pytest.approx(2 * face("sans").width("Ab", 10))
    with pytest.raises(KeyError):
        mono.width("é", 10)


def test_the_licence_is_shipped_with_them() -> None:
    folder = Path(str(drawing.__file__)).parent / "outlines"
    assert "Permission is hereby granted, free of charge" in (folder / "LICENSE_DEJAVU").read_text()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 100_000
