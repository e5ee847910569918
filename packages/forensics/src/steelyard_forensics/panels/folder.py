"""The folder of a panel: sealed runs, each in a folder of its own, and ``panel.yaml``, which lists them.

Families are counted, not runs. A family is what a user calls it: models that descend from one another share their
training data and most of their errors. What can be checked is checked: one model is in one family, under one spelling.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import InputError, StorageError
from steelyard.evidence import layout
from steelyard.evidence.canonical import sha256_hex
from steelyard.evidence.forms import is_sha256
from steelyard.storage.run_folder import check_outside_runs
from steelyard.util.atomic_file import write_file
from steelyard.util.text import one_line
from steelyard.util.yaml_tree import Branch, Items, Leaf, Node, read_tree
from steelyard_forensics.panels.record import PanelEntry, PanelNamed

__all__ = ["PANEL", "Panel", "add_to_panel", "read_panel"]

PANEL: Final = "panel.yaml"
_MAX_BYTES: Final = 16 << 20
_NAME: Final = re.compile(r"[0-9a-f]{16}")
_MAX_FAMILY: Final = 80


@dataclass(frozen=True)
class Panel:
    """A panel as its file says: its name, and its runs in the order in which they were added."""

    path: Path
    name: str
    entries: tuple[PanelEntry, ...]
    sha256: str

    @property
    def families(self) -> tuple[str, ...]:
        """The families, each once, in the order of their first runs."""
        return tuple(dict.fromkeys(each.family for each in self.entries))

    @property
    def named(self) -> PanelNamed:
        """The panel as a result names it."""
        return PanelNamed(name=self.name, sha256=self.sha256, runs=len(self.entries), families=len(self.families))

    def folder(self, entry: PanelEntry) -> Path:
        """The folder of one of its runs."""
        return self.path / entry.name


def read_panel(path: Path) -> Panel:
    """Read ``panel.yaml``; raises InputError, with the line, for what ``steelyard panel add`` did not write."""
    file = path / PANEL
    if file.is_symlink() or not file.is_file():  # neither a link to a device nor a pipe is opened
        raise InputError(f"is no panel: there is no {PANEL} in it (steelyard panel add makes one)", where=path)
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=file) from None
    if not 0 < len(data) <= _MAX_BYTES:
        raise InputError(f"is empty or larger than {_MAX_BYTES // 2**20} MiB: no panel is", where=file)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError("is not text in UTF-8", where=file) from None
    root = read_tree(text, str(file))
    if not isinstance(root, Branch) or root.entries.keys() != {"name", "runs"}:
        raise InputError("has not exactly the keys name and runs", where=file, line=1)
    name, runs = root.entries["name"], root.entries["runs"]
    if not isinstance(name, Leaf) or not isinstance(runs, Items):
        raise InputError("its name is a text and its runs are a list", where=file, line=1)
    entries = tuple(_entry(node, file) for node in runs.items)
    for number, each in enumerate(entries):
        _check_new(entries[:number], each, file, runs.items[number].line)
    return Panel(path, one_line(name.text, 80), entries, sha256_hex(data))


def add_to_panel(path: Path, entry: PanelEntry, run: Path) -> Panel:
    """Copy a sealed run into the panel and list it; a folder that is none yet becomes a panel.

    Raises InputError for a run, or a model with the same task, that is there already, for a model in another family,
    and for a folder that holds something else; nothing is changed then.
    """
    file = path / PANEL
    panel = read_panel(path) if file.is_file() else None
    if panel is None and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"is no panel and not empty: there is no {PANEL} in it", where=path)
    entries = () if panel is None else panel.entries
    _check_family(entry.family)
    _check_new(entries, entry, run, None)
    check_outside_runs(path)
    name = one_line(path.resolve().name, 80) or "panel"
    text = "".join(_yaml(panel.name if panel else name, (*entries, entry)))
    read_tree(text, str(file))  # what could not be read again would make the whole panel unreadable
    try:
        path.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if (read_panel(path).sha256 if file.is_file() else "") != (panel.sha256 if panel else ""):
                raise InputError("was changed meanwhile, by another steelyard panel add: add the run again", where=path)
            _copy(run, path / entry.name)
            write_file(file, text.encode())
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from None
    return read_panel(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Lock the folder against another addition; raises OSError where it cannot be opened."""
    import fcntl

    opened = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _check_family(family: str) -> None:
    if not family.strip() or family != one_line(family, _MAX_FAMILY):
        raise InputError(f"--family {family[:40]!r}: give a name of one line, at most {_MAX_FAMILY} characters")


def _check_new(entries: tuple[PanelEntry, ...], entry: PanelEntry, where: Path, line: int | None) -> None:
    for each in entries:
        if each.bundle == entry.bundle:
            raise InputError(f"is in the panel already, in the family {each.family!r}", where=where, line=line)
        if each.family != entry.family and _folded(each.family) == _folded(entry.family):
            raise InputError(f"the family is spelled {each.family!r} in this panel: use that", where=where, line=line)
        if each.subject == entry.subject and each.family != entry.family:
            raise InputError(
                f"this model is in the panel already, in the family {each.family!r}: one model is of one family",
                where=where,
                line=line,
            )
        if each.subject == entry.subject and (both := each.asked.keys() & entry.asked.keys()):
            task = one_line(entry.asked[min(both)], 80)
            raise InputError(
                f"the panel has {task} of this model already ({each.name}): a second pass would be chosen among two",
                where=where,
                line=line,
            )


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()) or name


def _copy(run: Path, target: Path) -> None:
    """Copy the files of a run, so that a kill leaves no half of it under the name by which the panel finds it."""
    partial = target.with_name(f".{target.name}.partial")
    for leftover in (partial, target):  # of an addition that was cut off before the panel listed it
        shutil.rmtree(leftover, ignore_errors=True)
    for name in layout.run_files(run):
        if layout.is_derived(name) or layout.is_litter(name):
            continue
        (partial / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run / name, partial / name, follow_symlinks=False)
    partial.replace(target)


def _yaml(name: str, entries: tuple[PanelEntry, ...]) -> Iterator[str]:
    yield "# A panel of reference runs, written by steelyard panel add. Families are counted, not runs.\n"
    yield f"name: {json.dumps(name, ensure_ascii=False)}\nruns:\n"
    for each in entries:
        fields = msgspec.to_builtins(each)
        for number, (key, value) in enumerate(fields.items()):
            yield f"  {'-' if not number else ' '} {key}: {json.dumps(value, sort_keys=True, ensure_ascii=False)}\n"


def _entry(node: Node, file: Path) -> PanelEntry:
    if not isinstance(node, Branch):
        raise InputError("a run is a mapping", where=file, line=node.line)
    fields = {
        key: value.text
        if isinstance(value, Leaf)
        else {name: leaf.text for name, leaf in value.entries.items() if isinstance(leaf, Leaf)}
        if isinstance(value, Branch)
        else None
        for key, value in node.entries.items()
    }
    try:
        entry = msgspec.convert(fields, PanelEntry)
    except msgspec.ValidationError as error:
        raise InputError(f"not a run of a panel: {error}", where=file, line=node.line) from None
    digests = (entry.bundle, entry.answers, *entry.asked)
    if not _NAME.fullmatch(entry.name) or not all(map(is_sha256, digests)) or entry.bundle[:16] != entry.name:
        raise InputError("not a run of a panel: its name or a digest is none", where=file, line=node.line)
    return entry
