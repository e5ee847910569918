"""The pictures of README and docs, from a real run: ``python -m tools.pictures [RUN]``; without RUN, from a new audit.

The curves of sample efficiency are drawn from the last day's records in lab/bench/world/results (``make world-bench``).
Those of the platform are made by the test of its tutorial, which walks through it.
docs/images/world-plan.png is a film strip of ``make world``, which trains first: it is not made here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
SCHEMES = {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def make_run(folder: Path) -> Path:
    """Audit the embedded model against its sheet; exit code 1 is right, since one row is inflated on purpose."""
    run = folder / "run"
    command = ("audit", "examples/embedded.yaml", "--model", "embedded:smollm2", "--out", run)
    done = subprocess.run([sys.executable, "-m", "steelyard", *map(str, command)], cwd=ROOT, check=False)
    if done.returncode != 1:
        sys.exit(f"pictures: expected exit 1 of the audit (the inflated row), got {done.returncode}")
    return run


def draw(page: Path, image: Path, size: str, *switches: str) -> None:
    """Draw the top of a page, as a reader's browser shows it."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("pictures: no Chromium on this machine: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
            *(f"--user-data-dir={profile}", f"--window-size={size}", "--hide-scrollbars", *switches),
            *(f"--screenshot={image}", page.as_uri()),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def last_records() -> list[Path]:
    """The results of the last day, planning before physics: each is measured, and kept, by itself."""
    found = sorted((ROOT / "bench" / "world" / "results").glob("????-??-??*.json"), reverse=True)
    return [each for each in found if each.name[:10] == found[0].name[:10]]


def main(arguments: list[str]) -> None:
    """Draw docs/images/report-light.png, report-dark.png, world-efficiency.png and platform-*.png."""
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("run", nargs="?", type=Path, help="folder of an audit of examples/embedded.yaml")
    given = parser.parse_args(arguments).run
    if given is not None and not (given / "report.html").is_file():
        parser.error(f"{given}: no report.html in it")
    with tempfile.TemporaryDirectory() as folder:
        run = given.resolve() if given is not None else make_run(Path(folder))
        for scheme, switches in SCHEMES.items():
            draw(run / "report.html", IMAGES / f"report-{scheme}.png", "1000,880", *switches)
        page = Path(folder) / "efficiency.html"
        subprocess.run(
            [sys.executable, "-m", "bench.world.report", *last_records(), "--html", page],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        draw(page, IMAGES / "world-efficiency.png", "900,1580")
    draw_the_platform()


def draw_the_platform() -> None:
    """Walk the tutorial of the platform, as its test does."""
    test = [sys.executable, "-m", "pytest", "-q", "lab/tests/docs/test_team_platform.py"]
    subprocess.run(test, cwd=ROOT, check=True, env=os.environ | {"STEELYARD_PICTURES": str(IMAGES)})


if __name__ == "__main__":
    main(sys.argv[1:])
