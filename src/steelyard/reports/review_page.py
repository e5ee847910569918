"""One HTML file on which a person reviews the items of a suite, or labels answers: offline, saving a file.

The items follow as JSON in chunks, compressed (:mod:`steelyard.reports.embedding`); without JavaScript the first are
there as plain HTML. Decisions stay in the browser until they are saved as a file. The page's policy (CSP) runs the one
script with our hash and forbids every request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from steelyard.records import SuiteItem
from steelyard.reports.embedding import json_for_script, packed, policy_hash, source
from steelyard.reports.jinja import markup, template
from steelyard.reports.page_images import PageImage, Pictures, Shown
from steelyard.suites.labels import AnswerToLabel
from steelyard.suites.review import MAX_REASON, MAX_TAG, MAX_TAGS, MAX_TEXT, REASONS, Change
from steelyard.suites.review_file import FORMAT, MAX_NAME
from steelyard.util.atomic_file import write_file
from steelyard.util.text import one_line, printable

__all__ = ["LONGEST", "PageItem", "ReviewPage", "item_to_label", "item_to_review", "write_review_page"]

FIRST: Final = 100  # items that are plain HTML
CHUNK: Final = 100  # items that the script unpacks at once
LONGEST: Final = 20_000  # characters of a text; of a longer one the page has the first half of them, and the last

# By kind, each action: its name, its key, its word.
_ACTIONS: Final = {
    "review": (("keep", "k", "Keep"), ("edit", "e", "Edit"), ("drop", "d", "Drop")),
    "labels": (("yes", "y", "Yes"), ("no", "n", "No"), ("unsure", "u", "Unsure")),
}
_MARKS: Final = (("hard", "h", "Hard"), ("easy", "y", "Easy"), ("tags", "t", "Tags"))


@dataclass(frozen=True, kw_only=True)
class PageItem:
    """An item as the page shows it: texts by name, then what can be changed.

    ``before`` is what was decided before the page was made. ``question`` and ``answer`` are whole and untouched, or
    None where they cannot be edited in the page; ``options`` are the answers that there can be. ``images`` are put into
    the page as far as it has room.
    """

    id: str
    texts: tuple[tuple[str, str], ...]
    question: str | None = None
    answer: str | None = None
    options: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    difficulty: str = ""
    before: str = ""
    images: tuple[PageImage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReviewPage:
    """What the page says of itself. ``digest`` names what is reviewed; ``command`` is what takes the saved file."""

    kind: Literal["review", "labels"]
    title: str
    digest: str
    command: str
    reviewer: str = ""
    version: int = 0


def item_to_review(
    item: SuiteItem, labels: Sequence[str], before: Change | None, images: tuple[PageImage, ...] = ()
) -> PageItem:
    """An item of a suite, whose answers are one of ``labels`` where there are any, with the images that it shows."""
    source_span = item.source
    texts = [
        *((turn.role.capitalize(), turn.text) for turn in item.history),
        ("Context", item.context),
        ("Question", item.question),
        ("Choices", "\n".join(item.choices)),
        ("Answer", item.answer or "(none)"),
        ("Group", item.group),
    ]
    if source_span:
        page = f", page {source_span.page}" if source_span.page is not None else ""
        row = f", row {source_span.start}" if source_span.start and not source_span.text else ""
        texts += [("Source", f"{source_span.file}{page}{row}"), ("Source text", source_span.text)]
    return PageItem(
        id=item.id,
        texts=tuple((name, text) for name, text in texts if text),
        question=_editable(item.question),
        answer=_editable(item.answer),
        options=item.choices or tuple(labels),
        tags=item.tags,
        difficulty=item.difficulty,
        before=before.decision if before else "",
        images=images,
    )


def _editable(text: str) -> str | None:
    return text if len(text) <= min(LONGEST, MAX_TEXT) else None


def item_to_label(answer: AnswerToLabel) -> PageItem:
    """An answer with its criterion."""
    texts = (
        ("Question", answer.question),
        ("Reference", answer.reference),
        ("Answer", answer.answer or "(empty)"),
        ("Criterion", answer.criterion),
    )
    return PageItem(id=answer.id, texts=tuple((name, text) for name, text in texts if text))


def write_review_page(path: Path, items: Sequence[PageItem], page: ReviewPage) -> None:
    """Write the page atomically, for its owner alone to read, since it holds the suite; raises OSError."""
    write_file(path, template("review.html.j2").render(_context(items, page)).encode(), 0o600)


def _context(items: Sequence[PageItem], page: ReviewPage) -> dict[str, Any]:
    style = template("report.css").render() + source("answers.css") + source("review.css")
    script = source("review.js")
    named = one_line(page.title, 80)
    pictures = Pictures()
    shown = [_shown(item, pictures.shown(item.images)) for item in items]
    index = {
        "kind": page.kind,
        "format": FORMAT,
        "digest": page.digest,
        "key": f"steelyard:{page.kind}:{page.digest}:{sha256(page.reviewer.encode()).hexdigest()[:16]}",
        "file": f"{page.kind}-{_file_name(named)}.json{'l' if page.kind == 'labels' else ''}",
        "decisions": [name for name, _, _ in _ACTIONS[page.kind]],
        "chunk": CHUNK,
        "ids": [item.id for item in items],
        "before": [item.before for item in items],
        "limits": {"reason": MAX_REASON, "tag": MAX_TAG, "tags": MAX_TAGS, "text": MAX_TEXT, "name": MAX_NAME},
    }
    return {
        "page": page,
        "named": named,
        "actions": _ACTIONS[page.kind],
        "marks": _MARKS if page.kind == "review" else (),
        "reasons": REASONS if page.kind == "review" else (),
        "reviewer": one_line(page.reviewer, MAX_NAME),
        "max_name": MAX_NAME,
        "max_reason": MAX_REASON,
        "longest": LONGEST,
        "total": len(items),
        "rows": shown[:FIRST],
        "pictures": pictures.inside,
        "style": markup(style),
        "style_hash": policy_hash(style),
        "script": markup(script),
        "script_hash": policy_hash(script),
        "chunks": _chunks(items, shown),
        "index": markup(json_for_script(index)),
    }


def _file_name(text: str) -> str:
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in text).strip("-")[:40] or "items"


def _shown(item: PageItem, images: tuple[Shown, ...]) -> dict[str, Any]:
    """An item with texts that are safe to show: bounded, without anything invisible."""
    return {
        "id": one_line(item.id, 200),
        "texts": [[name, *_parts(text)] for name, text in item.texts],
        "tags": [one_line(tag, MAX_TAG) for tag in item.tags],
        "difficulty": item.difficulty,
        "images": [{"words": image.words, "uri": image.uri} for image in images],
    }


def _parts(text: str) -> tuple[str, int, str]:
    """The start of a text, how many characters are cut, and its end."""
    if len(text) <= LONGEST:
        return printable(text, LONGEST), 0, ""
    half = LONGEST // 2
    return printable(text[:half], half), len(text) - LONGEST, printable(text[-half:], half)


def _chunks(items: Sequence[PageItem], shown: Sequence[dict[str, Any]]) -> Iterator[Any]:
    for start in range(0, len(items), CHUNK):
        rows = [
            {**safe, "question": item.question, "answer": item.answer, "options": list(item.options)}
            for item, safe in zip(items[start : start + CHUNK], shown[start : start + CHUNK], strict=True)
        ]
        yield markup(packed(rows).decode())
