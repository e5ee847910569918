"""One item of a suite at a time, and what a reviewer decides about it: by links and buttons, without a script."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.records.images import MAX_IMAGE_BYTES
from steelyard.reports.page_images import PageImage, Pictures, Shown
from steelyard.reports.review_page import LONGEST, item_to_review
from steelyard.suites.review import MAX_REASON, MAX_TAG, MAX_TAGS, REASONS, Change
from steelyard.tasks.suite_images import IMAGES
from steelyard.util.text import printable
from steelyard_server.access.callers import Role
from steelyard_server.http.addresses import suite_path
from steelyard_server.pages.suites import find_suite, is_reader
from steelyard_server.pages.words import moment
from steelyard_server.suites.exposure import note_views
from steelyard_server.web.render import missing_page, page, problem_page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.records import SuiteItem
    from steelyard.records.images import MediaType
    from steelyard_server.suites.rows import StoredItem, SuiteRow
    from steelyard_server.web.call import Call

__all__ = ["BODY_PATH", "MAX_BODY", "do_decide", "show_item"]

BODY_PATH: Final = re.compile(r"/p/[^/]+/suites/[^/]+/items/[0-9]+")
MAX_BODY: Final = 1 << 20  # a question and an answer of 20,000 characters each, as forms write them
_IMAGES: Final = 12
_IMAGES_BYTES: Final = 4_000_000
_TYPES: Final[dict[str, MediaType]] = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


def show_item(call: Call) -> Response:
    """The item, and what was decided about it."""
    found = _found(call)
    return found if not isinstance(found, tuple) else _item_page(call, *found)


def do_decide(call: Call) -> Response:
    """Put a decision on record, and show the next item that has none."""
    from starlette.responses import RedirectResponse

    found = _found(call)
    if not isinstance(found, tuple):
        return found
    suite, item = found
    try:
        if call.field("sha256", 64) != item.sha256:
            raise InputError("this item was changed meanwhile: look at it again, then decide")
        last = call.platform.suite_decisions.last(call.membership.project_id, suite, item)
        before = last.change if last else Change(item=item.item.id)
        call.platform.suite_decisions.decide(suite, item, _change(call, item.item, before), call.caller, call.facts)
    except InputError as error:
        return _item_page(call, suite, item, 400, str(error))
    address = suite_path(call.membership.project, suite.name)
    if call.field("decision", 10) in ("clear", "mark"):
        return RedirectResponse(f"{address}/items/{item.place}", 303)
    after = call.platform.suite_decisions.review_state(suite, item.place).next_open
    return RedirectResponse(f"{address}/items/{after}" if after else f"{address}#h-review", 303)


def _found(call: Call) -> tuple[SuiteRow, StoredItem] | Response:
    """The suite and the item that the address names, for who may see it; else the page that says why not."""
    suite = find_suite(call)
    if suite is None:
        return missing_page(call)
    if not is_reader(call, suite):
        return problem_page(
            call, 403,
            "this suite is for the readers that its suite.yaml names: show on your page Account that one of the keys "
            "is yours",
        )  # fmt: skip
    item = call.platform.suites.item(suite.id, call.number("number"))
    return missing_page(call) if item is None else (suite, item)


def _change(call: Call, item: SuiteItem, before: Change) -> Change:
    """What the form says; what it has no field for stays as it was decided ``before``."""
    decision = call.field("decision", 10)
    if decision == "mark":
        return msgspec.structs.replace(before, **_marks(call, item))
    if decision == "clear":
        return Change(item=item.id)
    marks: dict[str, Any] = {"tags": before.tags, "difficulty": before.difficulty}
    if decision == "drop":
        reason = call.field("other", MAX_REASON) or call.field("reason", MAX_REASON)
        if not reason:
            raise InputError("say why it is dropped: choose a reason, or write one")
        return Change(item=item.id, decision="drop", reason=reason, **marks)
    if decision == "edit":
        question, answer = _edited(call, item, "question"), _edited(call, item, "answer")
        if question is None and answer is None:
            raise InputError("neither question nor answer was changed: keep it instead")
        return Change(item=item.id, decision="edit", question=question, answer=answer, **marks)
    if decision != "keep":
        raise InputError("choose one of the buttons")
    return Change(item=item.id, decision="keep", **marks)


def _marks(call: Call, item: SuiteItem) -> dict[str, Any]:
    tags, difficulty = _tags(call.form.get("tags", "")), call.field("difficulty", 10)
    return {
        "tags": tags if tags != item.tags else None,
        "difficulty": difficulty if difficulty in ("", "easy", "hard") and difficulty != item.difficulty else None,
    }


def _edited(call: Call, item: SuiteItem, name: str) -> str | None:
    """A text of the form where it was changed; browsers send other line ends than the item may have."""
    before: str = getattr(item, name)
    text = call.form.get(name)
    if text is None:
        return None
    plain = text.replace("\r\n", "\n")
    return None if plain == before.replace("\r\n", "\n") else plain


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for each in text[:5_000].split(",") if (tag := " ".join(each.split()))))


def _item_page(call: Call, suite: SuiteRow, item: StoredItem, status: int = 200, problem: str = "") -> Response:
    platform, address = call.platform, suite_path(call.membership.project, suite.name)
    with platform.pool.connection() as connection:
        note_views(connection, suite.id, call.caller.person, item.place)
    last = platform.suite_decisions.last(call.membership.project_id, suite, item)
    shown = item_to_review(item.item, suite.summary.choices, last.change if last else None)
    change = last.change if last else None
    form = call.form if problem else {}
    return page(
        call,
        "suite_item.html.j2",
        status,
        problem=problem,
        project=call.membership.project,
        suite=suite,
        address=address,
        item=item,
        path=f"{address}/items/{item.place}",
        texts=[(name, printable(text, LONGEST)) for name, text in shown.texts],
        images=_pictures(call, suite, item.item),
        images_left=max(0, len(item.item.images) - _IMAGES),
        last=last,
        last_at=moment(last.at) if last and last.at else "",
        is_editor=call.membership.role.reaches(Role.EDITOR),
        can_edit=shown.question is not None and shown.answer is not None,
        options=shown.options,
        question=_now(form, "question", change.question if change else None, item.item.question),
        answer=_now(form, "answer", change.answer if change else None, item.item.answer),
        tags=_now(form, "tags", None, ", ".join(item.item.tags if not change or change.tags is None else change.tags)),
        difficulty=_now(
            form, "difficulty",
            item.item.difficulty if not change or change.difficulty is None else change.difficulty, "",
        ),
        reasons=REASONS,
        limits={"reason": MAX_REASON, "tags": MAX_TAGS * (MAX_TAG + 2)},
        previous=f"{address}/items/{item.place - 1}" if item.place > 1 else "",
        next=f"{address}/items/{item.place + 1}" if item.place < suite.items else "",
    )  # fmt: skip


def _now(form: Any, name: str, changed: str | None, before: str) -> str:
    """What a field of the form shows: what was just typed, else what was decided, else what the item has."""
    return str(form.get(name, before if changed is None else changed))


def _pictures(call: Call, suite: SuiteRow, item: SuiteItem) -> tuple[Shown, ...]:
    images = tuple(
        PageImage(
            _TYPES[name.rpartition(".")[2]], name.partition(".")[0], 0, partial(_image, call, suite, name),
            f"{IMAGES}/{name}",
        )
        for name in item.images[:_IMAGES]
    )  # fmt: skip
    return Pictures(_IMAGES_BYTES).shown(images)


def _image(call: Call, suite: SuiteRow, name: str) -> bytes | None:
    file = call.platform.suites.file(suite.id, f"{IMAGES}/{name}")
    return None if file is None or len(file.content) > MAX_IMAGE_BYTES else file.content
