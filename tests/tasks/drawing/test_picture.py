"""A picture is drawn when somebody is to see it; what drew it is said."""

from __future__ import annotations

import subprocess
import sys

import pytest

from steelyard.tasks.drawing.canvas import Canvas
from steelyard.tasks.drawing.picture import Picture, drawer, is_drawer


def svg(colour: str) -> str:
    canvas = Canvas(30, 20, colour)
    canvas.text(3, 15, "Ab", 12, "#000000")
    return canvas.svg()


def test_equal_texts_are_equal_pictures() -> None:
    one, same, other = Picture(svg("#ffffff")), Picture(svg("#ffffff")), Picture(svg("#eeeeee"))
    assert (one == same, hash(one) == hash(same), one != other) == (True, True, True)
    assert repr(one) == f"Picture({one.sha256[:12]})"
    assert one.png() is same.png()
    assert one.png() != other.png()
    assert one.png().startswith(b"\x89PNG\r\n\x1a\n")


def test_another_process_draws_the_same_bytes_whatever_fonts_the_machine_has() -> None:
    code = (
        "from steelyard.tasks.drawing.picture import Picture, drawer; from hashlib import sha256; import sys\n"
        "print(drawer(), sha256(Picture(sys.argv[1]).png()).hexdigest(), sep='\\n')"
    )
    env = {"PATH": "/nowhere", "HOME": "/nowhere", "FONTCONFIG_FILE": "/nowhere", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, svg("#ffffff")], env=env, capture_output=True, text=True, check=True
    )
    from hashlib import sha256

    assert done.stdout.splitlines() == [drawer(), sha256(Picture(svg("#ffffff")).png()).hexdigest()]


def test_the_drawer_is_named_in_a_form_of_its_own() -> None:
    assert is_drawer(drawer())
    assert drawer().startswith("vl-convert-python ")


@pytest.mark.parametrize("text", ["", "nobody", "vl-convert-python 1, test picture 12", f"{'x' * 500}", "\n"])
def test_what_is_no_drawer_is_known(text: str) -> None:
    assert not is_drawer(text)
