"""A private suite as a task: asked, scored, sealed and verified as any other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.plugins import TargetChecker
from steelyard.records import SuiteItem
from steelyard.tasks.definition import Fields, PromptFormat, TaskDefinition
from steelyard.tasks.definition_file import check_shows_images
from steelyard.tasks.prompts_of_questions import (
    SHOWN_IMAGES,
    choice_prompts,
    citing_prompts,
    free_prompts,
    image_prompts,
    label_prompts,
    open_prompts,
)
from steelyard.tasks.suite_file import (
    SAMPLES,
    SUITE,
    PartRows,
    SuiteFile,
    SuiteRows,
    is_suite,
    read_suite,
    suite_digest,
    suite_folder,
    suite_part,
)
from steelyard.tasks.suite_scorer import FREE, checked_scorer, reads_context, with_schemas
from steelyard.tasks.suite_seal import SuiteSeal, parts_of, read_seal
from steelyard.tasks.suite_variants import (
    DRAWN,
    DrawnRows,
    Variants,
    check_not_drawn,
    check_variants,
    draw_of,
    draws_of,
    read_variants,
)
from steelyard.tasks.task import Task

__all__ = ["JUDGED", "SuiteTask", "drawn_part", "task_from_suite"]

JUDGED: Final = "judged"  # the scorer of a suite whose answers a judge scores, in another run
_OTHER: Final = re.compile(r"variant-([1-9][0-9]{0,3})")
_PROBE: Final = re.compile(r"probe-([1-9][0-9]{0,5})")


class SuiteTask(Task):
    """The task of a suite, or of a part of a sealed one, and who may see it.

    ``items`` are the ids of what it asks, each with the line of its item: that of a variant where one was drawn.
    """

    def __init__(
        self, definition: TaskDefinition, folder: Path, file: SuiteFile, rows: SuiteRows, suite: str, part: _Part
    ) -> None:
        names = [n for n in rows.ids if n not in rows.erased and (part.items is None or n in part.items)]
        drawn = {name: part.drawn[name] for name in names if name in part.drawn}
        self.items = {drawn[name].id if name in drawn else name: rows.ids[name] for name in names}
        asked = DrawnRows(rows, drawn) if drawn else rows if len(names) == len(rows) else PartRows(rows, names)
        words = f"{len(rows.erased):,} items of this suite were erased." if rows.erased else ""
        assumed = " ".join(filter(None, (part.words, words)))
        super().__init__(definition, folder / SUITE, rows=asked, suite=suite, assumed=assumed)
        self.folder, self.file, self.rows, self.seal = folder, file, rows, part.seal
        self.variants = part.variants


@dataclass(frozen=True)
class _Part:
    """A part of a suite: its items (None: all), what to say of it, and what its name gets.

    ``drawn``: what is asked in the place of items, by their id, where it is asked for one recipient.
    """

    items: frozenset[str] | None = None
    words: str = ""
    suffix: str = ""
    seal: SuiteSeal | None = None
    drawn: Mapping[str, SuiteItem] = field(default_factory=dict)
    variants: Variants = field(default_factory=Variants)


def task_from_suite(path: Path, *, to_ask: bool = True) -> SuiteTask:
    """Open the suite at ``path``, its folder or its ``suite.yaml``; raises InputError with file and line.

    Of a sealed version the released items are asked; ``SUITE#all`` and ``SUITE#check-1`` name other parts, and
    ``SUITE#probe-50`` fifty of those items, which follow from the suite's digest. ``SUITE#for-DRAW`` and
    ``SUITE#check-1-for-DRAW`` are these parts as one recipient is asked them, ``SUITE#variant-1-for-DRAW`` is a variant
    of each released item that this one is not asked (:mod:`steelyard.tasks.suite_variants`). Not ``to_ask``: items may
    lack an answer that no judge gives, since the suite is only looked at or changed.
    """
    folder = suite_folder(path)
    file = with_schemas(read_suite(folder), folder)
    rows = SuiteRows(folder / SAMPLES, file)
    variants = read_variants(folder)
    if to_ask:
        check_variants(variants, rows, folder)
    digest = suite_digest(file, rows.digests, variants.digests)
    part = replace(_part(folder, file, rows, digest, suite_part(path), variants), variants=variants)
    scorer = file.scorer or _scorer(file, rows)
    prompts = file.prompts or _prompts(file, rows, scorer)
    if rows.has_images:
        _check_shows_all(prompts, folder / SUITE)
    if file.default_prompt and file.default_prompt not in prompts:
        raise InputError(
            f"default_prompt {file.default_prompt!r} is not one of: {', '.join(prompts)}", where=folder / SUITE
        )
    opened = checked_scorer(scorer, rows, folder) if to_ask else None
    if scorer.get("name") == JUDGED:
        _check_rubric(scorer.get("rubric", ""), folder)
    elif rows.without_answer and to_ask and not isinstance(opened, TargetChecker):
        raise InputError(
            f"{rows.without_answer:,} of {len(rows):,} items have no answer: fill it in, or have a judge score them "
            f"(scorer: {{name: {JUDGED}, rubric: graders/NAME.yaml}} in {SUITE})",
            where=folder / SAMPLES,
        )
    definition = TaskDefinition(
        id=file.suite + part.suffix,
        title=file.about or file.suite,
        fields=Fields(
            target="answer",
            question="question",
            choices="choices" if rows.most_choices or file.choices else "",
            group="group" if rows.has_groups else "",
            history="history" if rows.has_history else "",
            context="context" if to_ask and reads_context(scorer, prompts) else "",
            images=("images",) if rows.has_images else (),
        ),
        scorer=scorer,
        prompts=prompts,
        default_prompt=file.default_prompt or _default(scorer, prompts),
        chance=file.chance or (1 / rows.most_choices if rows.most_choices else 0.0),
        public=False,
    )
    return SuiteTask(definition, folder, file, rows, digest, part)


def drawn_part(path: Path, recipient: str) -> Path:
    """The part of a suite as the seal draws it for a recipient (an address in normal form).

    The path itself for what is no suite, is not sealed, has no variants, or goes to no address that is sealed with
    them. Raises InputError for a part that names a draw: it follows from the address, and nobody chooses it.
    """
    if not is_suite(path):
        return path
    check_not_drawn(path)
    suite = task_from_suite(path) if recipient else None
    if suite is None or suite.seal is None or recipient not in suite.seal.addresses:
        return path
    part = "-".join(filter(None, (suite_part(path), f"for-{draw_of(suite.seal, recipient)}")))
    return suite.folder.with_name(f"{suite.folder.name}#{part}")


def _part(folder: Path, file: SuiteFile, rows: SuiteRows, digest: str, name: str, variants: Variants) -> _Part:
    seal = read_seal(folder, file.version, digest)
    if (drawn := DRAWN.fullmatch(name)) and seal is not None:
        return _drawn(folder, file, rows, seal, variants, drawn["part"] or "", drawn["draw"])
    if probe := _PROBE.fullmatch(name):
        return _probe(folder, rows, digest, seal, int(probe[1]))
    if name == "all" or (seal is None and not name):
        return _Part(seal=seal)
    if seal is None:
        raise InputError(f"version {file.version} is not sealed, so it has no part {name!r}", where=folder)
    parts, of = parts_of(seal, rows.ids), f"of the {len(rows):,} items of the sealed suite"
    if name in ("", "released"):
        words = f"Asked: the {len(parts.released):,} released {of}; the others are kept for steelyard suite check."
        return _Part(parts.released, words, "", seal)
    for number, items in enumerate(parts.checks, 1):
        if name == f"check-{number}":
            words = f"Asked: {len(items):,} {of} that were kept back, as check {number} of {seal.checks}."
            return _Part(items, words, f"-check-{number}", seal)
    known = ", ".join(("released", "all", *(f"check-{number}" for number in range(1, seal.checks + 1))))
    raise InputError(f"the suite has no part {name[:40]!r}; it has: {known}", where=folder)


def _drawn(
    folder: Path, file: SuiteFile, rows: SuiteRows, seal: SuiteSeal, variants: Variants, name: str, draw: str
) -> _Part:
    """A part as one recipient is asked it, or the variants of released items that this one is not asked."""
    if draw not in draws_of(seal):
        raise InputError(f"no address that version {file.version} is sealed for has the draw {draw}", where=folder)
    ordered = {item.id: variants.ordered(item, draw) for item in rows.items()}
    if other := _OTHER.fullmatch(name):
        number = int(other[1])
        released = parts_of(seal, rows.ids).released
        drawn = {each: found[number] for each, found in ordered.items() if each in released and len(found) > number}
        if not drawn:
            raise InputError(f"no released item has {number + 1:,} variants or more", where=folder)
        words = (
            f"Asked: of {len(drawn):,} of the {len(released):,} released items the variant that is number {number} "
            f"after the one of draw {draw}."
        )
        return _Part(frozenset(drawn), words, f"-variant-{number}", seal, drawn)
    part = _part(folder, file, rows, seal.digest, name, variants)
    words = f"{part.words} Each in the variant that the seal draws for one endpoint (draw {draw}).".strip()
    return replace(part, words=words, drawn={each: found[0] for each, found in ordered.items()})


def _probe(folder: Path, rows: SuiteRows, digest: str, seal: SuiteSeal | None, count: int) -> _Part:
    """Some of the items that may be asked again and again: whoever has the suite has no say in which."""
    released = set(rows.ids) if seal is None else set(parts_of(seal, rows.ids).released)
    items = sorted(released - rows.erased, key=lambda each: sha256(canonical({"item": each, "probe": digest})).digest())
    if count > len(items):
        raise InputError(f"has {len(items):,} released items, not {count:,}: take fewer", where=folder)
    words = f"Asked: {count:,} of the {len(items):,} released items of the suite, by its digest."
    return _Part(frozenset(items[:count]), words, f"-probe-{count}", seal)


def _default(scorer: dict[str, Any], prompts: dict[str, PromptFormat]) -> str:
    """The first prompt format; what a judge scores is no short answer, and is asked for as it stands."""
    is_free = scorer.get("name") in FREE and "verbatim" in prompts
    return "verbatim" if is_free else next(iter(prompts))


def _check_shows_all(prompts: dict[str, PromptFormat], path: Path) -> None:
    """Raise InputError for a prompt format that cannot show images, or that leaves out those of an item."""
    check_shows_images(prompts, path)
    for name, each in prompts.items():
        if "images" not in each.prompt:
            raise InputError(
                f"prompts.{name}: shows no images, which items have: print {SHOWN_IMAGES} where they are to stand",
                where=path,
            )


def _check_rubric(rubric: object, folder: Path) -> None:
    """Raise InputError where the rubric that the suite names is not there: else it shows only after the run."""
    if rubric and not (folder / str(rubric)).is_file():
        raise InputError(f"there is no rubric {str(rubric)[:80]!r} in the suite's folder", where=folder / SUITE)


def _scorer(file: SuiteFile, rows: SuiteRows) -> dict[str, Any]:
    return {"name": "option" if file.choices else "letter" if rows.most_choices else "answer"}


def _prompts(file: SuiteFile, rows: SuiteRows, scorer: dict[str, Any]) -> dict[str, PromptFormat]:
    """How questions are asked where the suite does not say: as those of a file, after the passage with the answer."""
    asked = f"{SHOWN_IMAGES}{{{{ question }}}}" if rows.has_images else "{{ question }}"
    if rows.has_context:
        asked = "{% if context %}{{ context }}\n\n{% endif %}" + asked
    if file.instruction:
        asked = "{{ instruction }}\n\n" + asked
    is_german = file.language == "de"
    prompts = _by_form(asked, file, rows, scorer, is_german=is_german)
    return image_prompts(prompts, is_german=is_german) if rows.has_images else prompts


def _by_form(
    asked: str, file: SuiteFile, rows: SuiteRows, scorer: dict[str, Any], *, is_german: bool
) -> dict[str, PromptFormat]:
    if file.choices:
        return label_prompts(asked, is_german=is_german)
    if rows.most_choices:
        return choice_prompts(asked)
    if scorer.get("name") == "citation":
        return citing_prompts(asked, is_german=is_german)
    is_long = scorer.get("name") in ("json_schema", "similarity")
    return free_prompts(asked) if is_long else open_prompts(asked, is_german=is_german)
