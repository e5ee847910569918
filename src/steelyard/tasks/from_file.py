"""A user's own questions, from a file as spreadsheets and programs write it, as a task."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from steelyard.records.file_options import FileOptions
from steelyard.tasks.column_names import WantedColumns
from steelyard.tasks.definition import Fields, PromptFormat, TaskDefinition
from steelyard.tasks.file_of_suite import check_no_suite
from steelyard.tasks.file_options import instruction_of, labels_of
from steelyard.tasks.loaders import read_rows
from steelyard.tasks.prompts_of_questions import (
    SHOWN_IMAGES,
    choice_prompts,
    image_prompts,
    label_prompts,
    open_prompts,
)
from steelyard.tasks.question_rows import Survey
from steelyard.tasks.task import Task
from steelyard.util.text import one_line

__all__ = ["questions_as_task", "task_from_file"]


def task_from_file(
    path: Path,
    question: str = "",
    answer: str = "",
    *,
    sheet_name: str = "",
    instruction: str = "",
    choices: str | Iterable[str] = (),
    skip_empty: bool = False,
) -> Task:
    """Make a task of a file with the columns question (or prompt, input), answer (or target) and, perhaps, choices.

    A column ``image`` or ``images`` names pictures in the file's folder or below, which stand before the question.
    Other usual names are known, in English and German; ``question`` and ``answer`` name the columns where theirs are
    none, by name or by Excel's letter, and ``sheet_name`` names a sheet of a workbook. ``instruction`` (a text, or
    ``@FILE``) is put before each question. ``choices`` are labels that every answer is one of. Rows without question
    or answer are an error, or left out with ``skip_empty``. What was assumed to read the file is in
    :attr:`~steelyard.tasks.task.Task.assumed`.

    With a column of choices it is multiple choice by letter, and the answer is a choice's index, letter or text; with
    ``choices`` the model is asked to write one of them. Otherwise the scorer ``answer`` compares answers as numbers
    where the target is one, else as texts. A ``prompt`` or ``input`` is a whole prompt and is sent unchanged, while a
    ``question`` gets a line that asks for the answer alone. Raises InputError with the file and the row of the first
    error, and for a suite's own file.
    """
    return questions_as_task(
        path,
        FileOptions(
            question=question,
            answer=answer,
            sheet=sheet_name,
            instruction=instruction_of(instruction),
            choices=labels_of(choices),
            skip_empty=skip_empty,
        ),
    )


def questions_as_task(path: Path, options: FileOptions) -> Task:
    """The task of a file of questions, as :func:`task_from_file`."""
    check_no_suite(path)
    survey = Survey(path, options)
    rows = read_rows(path, survey.look, WantedColumns(options.question, options.answer), options.sheet)
    survey.check()
    definition = TaskDefinition(
        id=path.stem,
        title=path.name,
        fields=Fields(
            target="answer",
            question="question",
            choices="choices" if survey.has_choices else "",
            images=("images",) if survey.has_images else (),
        ),
        scorer={"name": "option" if options.choices else "letter"}
        if options.choices or survey.has_choices
        else {"name": "answer", "german": True}
        if survey.is_german
        else {"name": "answer"},
        prompts=_prompts(survey, options),
        default_prompt=_default_prompt(survey, options),
        chance=1 / survey.most_choices if survey.has_choices else 0.0,
        public=False,
    )
    assumed = (
        getattr(rows, "assumed", ""),
        survey.columns.in_words(with_choices=survey.has_choices and not options.choices),
        survey.images_in_words,
        survey.doubts,
        f"Before each question stands: {one_line(options.instruction, 200)!r}." if options.instruction else "",
    )
    return Task(
        definition,
        path,
        rows=survey.tidied(rows),
        assumed=" ".join(filter(None, assumed)),
        advice=_advice(survey.labels),
    )


def _default_prompt(survey: Survey, options: FileOptions) -> str:
    if options.choices:
        return "label"
    if survey.has_choices:
        return "letter"
    return "verbatim" if survey.columns.is_whole_prompt else "question"


def _advice(labels: tuple[str, ...]) -> str:
    if not labels:
        return ""
    named = shlex.quote(("|" if any("," in label for label in labels) else ",").join(labels))
    return f"The answers are {len(labels)} labels: --choices {named} names them to the model."


def _prompts(survey: Survey, options: FileOptions) -> dict[str, PromptFormat]:
    """The prompt formats; the user's instruction stands before each question, and is never a template."""
    asked = "{{ instruction }}\n\n" if options.instruction else ""
    asked += f"{SHOWN_IMAGES}{{{{ question }}}}" if survey.has_images else "{{ question }}"
    if options.choices:
        prompts = label_prompts(asked, is_german=survey.is_german)
    elif survey.has_choices:
        prompts = choice_prompts(asked)
    else:
        prompts = open_prompts(asked, is_german=survey.is_german)
    return image_prompts(prompts, is_german=survey.is_german) if survey.has_images else prompts
