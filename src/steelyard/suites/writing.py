"""Writes the folder of a suite: plain files that a person reads and keeps in git."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from steelyard.errors import InputError
from steelyard.records import DroppedItem, SuiteItem
from steelyard.tasks.suite_file import DROPPED, SAMPLES, SUITE, SuiteFile
from steelyard.tasks.suite_images import IMAGES, image_name
from steelyard.util.atomic_file import write_file
from steelyard.util.text import one_line

__all__ = ["lines_of", "new_suite", "suite_yaml"]

_ABOUT = {
    "endpoints": "the only addresses that may ever see these questions; a model on this machine needs none",
    "readers": "public keys (age) of those who may read the files",
    "instruction": "stands before each question",
    "choices": "the labels that an answer is one of",
    "judged": "the digest of the run whose answers these are, and of the rubric",
    "made_from": "what the items came from",
    "canary": "in these files and never in a prompt: a model that says it has read them",
}


def new_suite(
    folder: Path,
    suite: SuiteFile,
    items: Sequence[SuiteItem],
    dropped: Sequence[DroppedItem],
    images: Mapping[str, Callable[[], bytes]] | None = None,
) -> None:
    """Make the folder of a suite; nothing is left half-made. ``images`` read what items show, by its name.

    Raises InputError where the folder is not empty or cannot be written, and where an image is no longer what it was.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is not an empty folder: choose another one for the suite", where=folder)
    is_new = not folder.exists()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_images(folder, items, images or {})
        write_file(folder / SAMPLES, lines_of(items))
        write_file(folder / DROPPED, lines_of(dropped))
        (folder / "templates").mkdir(exist_ok=True)
        write_file(folder / SUITE, suite_yaml(suite).encode())
    except (OSError, InputError) as error:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot write here: {error.strerror}", where=folder) from None


def _write_images(folder: Path, items: Sequence[SuiteItem], images: Mapping[str, Callable[[], bytes]]) -> None:
    for name in dict.fromkeys(name for item in items for name in item.images):
        (folder / IMAGES).mkdir(mode=0o700, exist_ok=True)
        data = images[name]()
        if image_name(data, name) != name:
            raise InputError("an image changed while the suite was made: begin again", where=folder)
        write_file(folder / IMAGES / name, data, 0o600)


def lines_of(records: Sequence[msgspec.Struct]) -> bytes:
    """Records as JSON, one a line, in the order of their fields and without those that are empty."""
    return b"".join(_line(record) for record in records)


def _line(record: msgspec.Struct) -> bytes:
    return json.dumps(_brief(msgspec.to_builtins(record)), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _brief(value: Any) -> Any:
    """A value without empty parts, which are the defaults of every field."""
    if isinstance(value, dict):
        return {
            key: _brief(each)
            for key, each in value.items()
            if key == "question" or not (each in (None, "", [], (), {}) or (key in ("start", "end") and each == 0))
        }
    return [_brief(each) for each in value] if isinstance(value, list | tuple) else value


def suite_yaml(suite: SuiteFile) -> str:
    """``suite.yaml`` as text, with a comment on each part. Texts are quoted, so that none can be another key."""
    return "\n".join(_yaml_lines(suite)) + "\n"


def _yaml_lines(suite: SuiteFile) -> Iterator[str]:
    yield f"suite: {_quoted(suite.suite)}"
    if suite.about:
        yield f"about: {_quoted(suite.about)}"
    yield f"version: {suite.version}"
    yield f"language: {suite.language}"
    for name in ("endpoints", "readers", "choices"):
        values = getattr(suite, name)
        if values or name == "endpoints":
            yield f"# {_ABOUT[name]}"
            yield f"{name}: [{', '.join(map(_quoted, values))}]"
    if suite.instruction:
        yield f"# {_ABOUT['instruction']}"
        yield f"instruction: {_quoted(suite.instruction)}"
    if suite.scorer:
        yield f"scorer: {json.dumps(suite.scorer, ensure_ascii=False)}"
    if suite.default_prompt:
        yield f"default_prompt: {_quoted(suite.default_prompt)}"
    if suite.prompts:
        yield "prompts:"
        for name, prompt in suite.prompts.items():
            yield f"  {name}: {json.dumps(_brief(msgspec.to_builtins(prompt)), ensure_ascii=False)}"
    if suite.canary:
        yield f"# {_ABOUT['canary']}"
        yield f"canary: {_quoted(suite.canary)}"
    if suite.judged:
        yield f"# {_ABOUT['judged']}"
        yield f"judged: {suite.judged}"
    if suite.made_from:
        yield f"# {_ABOUT['made_from']}"
        yield "made_from:"
        for each in suite.made_from:
            yield f"  - {{file: {_quoted(each.file)}, sha256: {_quoted(each.sha256)}, items: {each.items}}}"


def _quoted(text: str) -> str:
    """A JSON string is a YAML string too; what cannot be printed is replaced, but for line ends."""
    lines = [one_line(line, 100_000) if line.strip() else "" for line in text.split("\n")]
    return json.dumps("\n".join(lines), ensure_ascii=False)
