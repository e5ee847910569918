"""Bundles of every kind, sealed by 0c6fe220 and by main before the project was divided, verify as they did there.

``python -m tools.pick_bundles`` chose them from what the tests of those versions had sealed.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute

ASSETS = Path(__file__).parent / "assets" / "sealed_kinds"
VERSIONS = ("0c6fe220", "main")
PAGES = {"pages_redrawn", "pages_not_compared"}  # the report's pages are drawn by the version that made them


def said_in(version: str) -> dict[str, Any]:
    with tarfile.open(ASSETS / f"{version}.tar.xz") as archive:
        member = archive.extractfile("./said.json")
        assert member is not None
        found: dict[str, Any] = json.load(member)
        return found


SAID = {version: said_in(version) for version in VERSIONS}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    for version in VERSIONS:
        with tarfile.open(ASSETS / f"{version}.tar.xz") as archive:
            archive.extractall(folder / version, filter="data")
    return folder


@pytest.mark.parametrize(("version", "name"), [(version, name) for version in VERSIONS for name in SAID[version]])
def test_a_bundle_verifies_as_it_did(
    version: str, name: str, sealed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    was = SAID[version][name]
    monkeypatch.chdir(sealed / version)
    assert execute(["verify", name, "--no-pages", "--json"]) == was["exit"]
    now = json.loads(capsys.readouterr().out)
    assert {key: now.get(key) for key in was["verify"].keys() - PAGES} == {
        key: value for key, value in was["verify"].items() if key not in PAGES
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_changed_byte_is_found_in_every_kind(version: str, sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holding = set()
    for name in SAID[version]:
        folder = Path(shutil.copytree(sealed / version / name, sealed / f"{version}-changed" / name))
        path = max((each for each in folder.rglob("*") if each.is_file()), key=lambda each: each.stat().st_size)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(data)
        if execute(["verify", str(folder), "--no-pages"]) != 1:
            holding.add((name, path.name))
    capsys.readouterr()
    assert holding == set()
