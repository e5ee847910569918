"""A private suite as a task: asked, scored, sealed and verified as any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from steelyard.errors import InputError
from steelyard.tasks.definition import Fields, PromptFormat, TaskDefinition
from steelyard.tasks.prompts_of_questions import choice_prompts, label_prompts, open_prompts
from steelyard.tasks.suite_file import SAMPLES, SUITE, SuiteFile, SuiteRows, read_suite, suite_digest, suite_folder
from steelyard.tasks.task import Task

__all__ = ["SuiteTask", "task_from_suite"]


class SuiteTask(Task):
    """The task of a suite, which knows who may see it (``file``) and the digest of each item (``digests``)."""

    def __init__(self, definition: TaskDefinition, folder: Path, file: SuiteFile, rows: SuiteRows) -> None:
        super().__init__(definition, folder / SUITE, rows=rows, suite=suite_digest(file, rows.digests))
        self.folder, self.file, self.rows = folder, file, rows


def task_from_suite(path: Path) -> SuiteTask:
    """Open the suite at ``path``, its folder or its ``suite.yaml``; raises InputError with file and line."""
    folder = suite_folder(path)
    file = read_suite(folder)
    rows = SuiteRows(folder / SAMPLES, file)
    prompts = file.prompts or _prompts(file, rows)
    if file.default_prompt and file.default_prompt not in prompts:
        raise InputError(
            f"default_prompt {file.default_prompt!r} is not one of: {', '.join(prompts)}", where=folder / SUITE
        )
    scorer = file.scorer or _scorer(file, rows)
    if rows.without_answer and not scorer.get("judge"):
        raise InputError(
            f"{rows.without_answer:,} of {len(rows):,} items have no answer: fill it in, or have a judge score them",
            where=folder / SAMPLES,
        )
    definition = TaskDefinition(
        id=file.suite,
        title=file.about or file.suite,
        fields=Fields(
            target="answer",
            question="question",
            choices="choices" if rows.most_choices or file.choices else "",
            group="group" if rows.has_groups else "",
            history="history" if rows.has_history else "",
        ),
        scorer=scorer,
        prompts=prompts,
        default_prompt=file.default_prompt or next(iter(prompts)),
        chance=file.chance or (1 / rows.most_choices if rows.most_choices else 0.0),
        public=False,
    )
    return SuiteTask(definition, folder, file, rows)


def _scorer(file: SuiteFile, rows: SuiteRows) -> dict[str, Any]:
    return {"name": "option" if file.choices else "letter" if rows.most_choices else "answer"}


def _prompts(file: SuiteFile, rows: SuiteRows) -> dict[str, PromptFormat]:
    """How questions are asked where the suite does not say: as those of a file, after the passage with the answer."""
    asked = "{{ question }}"
    if rows.has_context:
        asked = "{% if context %}{{ context }}\n\n{% endif %}" + asked
    if file.instruction:
        asked = "{{ instruction }}\n\n" + asked
    is_german = file.language == "de"
    if file.choices:
        return label_prompts(asked, is_german=is_german)
    return choice_prompts(asked) if rows.most_choices else open_prompts(asked, is_german=is_german)
