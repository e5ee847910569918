"""Writes the outlines of the letters that drawn images use: ``python -m tools.outlines FOLDER``.

FOLDER has the DejaVu fonts 2.37 as TrueType files and their licence (matplotlib's ``mpl-data/fonts/ttf`` does). Needs
fontTools, which comes with matplotlib.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

FACES = {
    "sans": "DejaVuSans.ttf",
    "sans-bold": "DejaVuSans-Bold.ttf",
    "serif": "DejaVuSerif.ttf",
    "mono": "DejaVuSansMono.ttf",
}
LETTERS = "".join(map(chr, range(0x20, 0x7F)))
TARGET = Path(__file__).resolve().parents[2] / "src" / "steelyard" / "tasks" / "drawing" / "outlines"


def outlines_of(file: Path) -> dict[str, object]:
    """Units per em, and by letter its advance and its outline as the path data of SVG (y upwards), in font units."""
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.ttLib import TTFont

    font = TTFont(file)
    glyphs, names = font.getGlyphSet(), font.getBestCmap()
    letters = {}
    for letter in LETTERS:
        glyph = glyphs[names[ord(letter)]]
        pen = SVGPathPen(glyphs, ntos=lambda number: str(round(number)))
        glyph.draw(pen)
        letters[letter] = [glyph.width, pen.getCommands()]
    return {"units": font["head"].unitsPerEm, "letters": letters}


def main() -> None:
    """Write a file for each face, and the licence beside them."""
    parser = argparse.ArgumentParser(prog="python -m tools.outlines", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("folder", type=Path, help="where DejaVuSans.ttf and LICENSE_DEJAVU lie")
    folder = parser.parse_args().folder
    TARGET.mkdir(exist_ok=True)
    for name, file in FACES.items():
        text = json.dumps(outlines_of(folder / file), indent=0, separators=(",", ":"))
        (TARGET / f"{name}.json").write_text(text + "\n", encoding="ascii")
    shutil.copyfile(folder / "LICENSE_DEJAVU", TARGET / "LICENSE_DEJAVU")


if __name__ == "__main__":
    main()
