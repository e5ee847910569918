"""Which of the bundles that a version's tests left are kept: the smallest set with every kind of thing that they seal.

    python -m tools.pick_bundles BUNDLES PYTHON CHECKOUT OUT

``BUNDLES`` is the ``--basetemp`` of the fast tests of that version, run with ``-o tmp_path_retention_policy=all``,
``PYTHON`` and ``CHECKOUT`` are the version's own. A bundle is kept only where that version verifies it. ``OUT`` becomes
the folders and ``said.json``: for each, the exit code and what ``verify --json`` printed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST = 1_500_000
SEALS = {
    "bundle.dsse.json",
    "detection.dsse.json",
    "outputs.dsse.json",
    "output-texts.dsse.json",
    "text-identity.dsse.json",
}
NAMES = {
    "rule",
    "backend",
    "scorers",
    "scorer",
    "kind",
    "origin",
    "drawn",
    "unit",
    "texts",
    "format",
    "role",
    "word",
    "type",
    "api",
}


def payloads(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".json") and path.is_file():
            document = json.loads(path.read_text())
            if path.name.endswith(".dsse.json"):
                document = json.loads(base64.b64decode(document["payload"]))
            yield path.name, document


def walk(value: Any, at: str = "") -> Iterator[str]:
    """Which fields it has, and the values of those that name a kind."""
    if isinstance(value, dict):
        for key, inner in value.items():
            name = f"{at}.{key}" if at.count(".") < 2 and not (key[:1].isdigit() or len(key) > 30 or "/" in key) else at
            if at.count(".") < 2:
                yield name
            if key in NAMES and isinstance(inner, str | list):
                for each in inner if isinstance(inner, list) else [inner]:
                    if isinstance(each, str) and len(each) < 60:
                        yield f"{key}={each}"
            yield from walk(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, at)


def features(folder: Path) -> set[str]:
    found = set()
    for name, document in payloads(folder):
        found |= {f"{name}:{each}" for each in walk(document)}
    for path in folder.rglob("*"):
        top = path.relative_to(folder).parts[0]
        found.add(f"file {top}" if path.is_file() and path.parent == folder else f"folder {top}")
    return found


def verified(folder: Path, python: str, checkout: str) -> tuple[int, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{checkout}/src",
        "HOME": "/nonexistent",
        "STEELYARD_KEY": "/nonexistent",
        "XDG_STATE_HOME": "/nonexistent",
        "XDG_CACHE_HOME": "/nonexistent",
    }
    done = subprocess.run(
        [python, "-m", "steelyard", "verify", str(folder), "--no-pages", "--json"],
        cwd=folder.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = None
    return done.returncode, said


def sealed_in(bundles: Path) -> dict[Path, tuple[set[str], int]]:
    """Each sealed folder that can be read and is not large, with its features and its size."""
    found = {}
    for walked, folders, files in os.walk(bundles):
        folders[:] = [each for each in folders if not Path(walked, each).is_symlink()]
        folder = Path(walked)
        if not SEALS & set(files):
            continue
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if size <= LARGEST:
            try:
                found[folder] = features(folder), size
            except (ValueError, KeyError):  # a test tampered with it
                continue
    return found


def main() -> None:
    bundles, python, checkout, out = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
    candidates, covered, said = sealed_in(bundles), set[str](), {}

    def gain(each: Path) -> float:
        found, size = candidates[each]
        return sum(8 if "=" in one else 1 for one in found - covered) / (size + 30_000)

    while candidates:
        best = max(candidates, key=gain)
        found, size = candidates.pop(best)
        if not (new := found - covered):
            break
        code, document = verified(best, python, checkout)
        if code not in (0, 3) or document is None:
            continue
        covered |= found
        name = f"{len(said):02d}"
        shutil.copytree(best, out / name)
        said[name] = {"from": str(best.relative_to(bundles)), "exit": code, "verify": document}
        print(name, code, size, len(new), best.relative_to(bundles), flush=True)
    (out / "said.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
