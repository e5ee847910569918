"""The page in a real browser: it fits a phone and a desk, loads nothing, and follows the colour scheme."""

from __future__ import annotations

import html as escaping
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.reports import html
from tests.reports import report_fixtures as make

MEASURE = """
const frame = document.querySelector("iframe");
const measure = () => {
  const page = frame.contentDocument, root = page.documentElement;
  const style = frame.contentWindow.getComputedStyle(page.body);
  const visible = [...page.querySelectorAll("svg.chart")].filter(chart => chart.getBoundingClientRect().width > 0);
  const cut = visible.flatMap(chart => {
    const box = chart.getBoundingClientRect();
    return [...chart.querySelectorAll("text")].filter(text => {
      const drawn = text.getBoundingClientRect();
      return drawn.width > 0 && (drawn.left < box.left - 1 || drawn.right > box.right + 1);
    }).map(text => text.textContent);
  });
  document.title = JSON.stringify({
    cut,
    scroll: root.scrollWidth, client: root.clientWidth, background: style.backgroundColor,
    charts: visible.length, loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
  });
};
if (frame.contentDocument.readyState === "complete") measure();
frame.addEventListener("load", measure);
"""


def browser() -> str:
    """A Chromium on this machine; the test skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on this machine: apt-get install chromium")


def measured(page: str, width: int, folder: Path, *switches: str) -> dict[str, Any]:
    """Lay the page out in a frame of that width (a window cannot be narrower than 500) and measure it."""
    frame = f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{escaping.escape(page)}"></iframe>'
    (folder / "frame.html").write_text(f"<!doctype html>{frame}<script>{MEASURE}</script>", "utf-8")
    command = [
        browser(),
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
        *(f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000", "--virtual-time-budget=3000", *switches),
        *("--dump-dom", (folder / "frame.html").as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None, done.stderr[-500:]
    result: dict[str, Any] = json.loads(escaping.unescape(title.group(1)))
    return result


def long_page() -> str:
    """A page whose names and digests cannot be broken at spaces."""
    verdict = make.verdict()
    claims = tuple(msgspec.structs.replace(claim, task="word_sequence_reversal" * 3) for claim in verdict.claims)
    return html.render(msgspec.structs.replace(verdict, claims=claims, model="M" * 90, served="s" * 150), make.plan())


def measured_page() -> str:
    """A page that shows a measurement which nothing tests, beside the claims."""
    verdict = make.verdict()
    long = msgspec.structs.replace(make.only_measured(), task="word_sequence_reversal" * 3, prompt="p" * 60)
    measurements = (*verdict.measurements, make.only_measured(), long)
    return html.render(msgspec.structs.replace(verdict, measurements=measurements), make.plan())


@pytest.mark.parametrize("width", [360, 390, 736, 760, 1280])
def test_the_page_never_scrolls_sideways(width: int, tmp_path: Path) -> None:
    for number, page in enumerate((html.render(make.verdict(), make.plan()), long_page(), measured_page())):
        folder = tmp_path / str(number)
        folder.mkdir()
        result = measured(page, width, folder)
        assert result["scroll"] <= result["client"] <= width
        assert result["charts"] == 4  # one of claims (wide or narrow) and three of closing intervals
        assert result["loaded"] == 0


@pytest.mark.parametrize("task", ["word_sequence_reversal_x", "word_sequence_reversal" * 3, "MMLU"])
def test_no_label_stands_over_the_edge_of_its_chart_where_a_printer_cuts_it(task: str, tmp_path: Path) -> None:
    verdict = make.verdict()
    claims = tuple(msgspec.structs.replace(claim, task=task) for claim in verdict.claims)
    page = html.render(msgspec.structs.replace(verdict, claims=claims), make.plan())
    for width in (390, 1280):
        (tmp_path / str(width)).mkdir()
        assert measured(page, width, tmp_path / str(width))["cut"] == []


def test_it_follows_the_colour_scheme(tmp_path: Path) -> None:
    page = html.render(make.verdict(), make.plan())
    grounds = []
    for name, switches in (("light", ()), ("dark", ("--blink-settings=preferredColorScheme=0",))):
        (tmp_path / name).mkdir()
        grounds.append(measured(page, 800, tmp_path / name, *switches)["background"])
    assert grounds == ["rgb(251, 250, 246)", "rgb(22, 22, 21)"]
