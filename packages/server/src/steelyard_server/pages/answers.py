"""The answers of a run: a list by pages, narrowed by measurement, outcome and sample; and one answer by itself.

Who may look at a run may look at its texts, which are among its files. A share link leads to neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from steelyard.reports.answers_page import SIGNS
from steelyard.util.text import one_line
from steelyard_server.answers.form import OUTCOMES, Header
from steelyard_server.answers.index import AnswerIndex, Selection
from steelyard_server.answers.reading import ChangedError, LostError, RunReader
from steelyard_server.http.addresses import answers_path, run_path
from steelyard_server.pages.run import find_run
from steelyard_server.pages.words import moment
from steelyard_server.push.indexing import IndexingError, NotYetError
from steelyard_server.web.render import answer_to_poll, missing_page, page, problem_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from steelyard.records import Attempt
    from steelyard_server.answers.shown import TextWords
    from steelyard_server.runs.rows import RunRow
    from steelyard_server.web.call import Call

__all__ = ["show_answer", "show_answers"]

PAGE_SIZE: Final = 50
_MOST_NAMED: Final = 1_000  # measurements that a form lists
_BY_WORD: Final = {outcome.partition(" ")[0]: number for number, outcome in enumerate(OUTCOMES)}  # in addresses
_CHANGED: Final = "is not what was received here: it was changed in the data folder; restore it from a backup"
_LOST: Final = "is no longer in the data folder: restore it from a backup"


@dataclass(frozen=True)
class _Asked:
    """What an address asks for: the selection, as it is written in addresses of the same."""

    selection: Selection
    fields: Mapping[str, str]

    def address(self, place: str, **more: object) -> str:
        """An address with this selection."""
        fields = {**self.fields, **more}
        return f"{place}?{urlencode(fields)}" if fields else place


def show_answers(call: Call) -> Response:
    """One page of the list; what its address does not know it leaves out."""
    return answer_to_poll(call, _with_index(call, _list))


def show_answer(call: Call) -> Response:
    """One answer."""
    return answer_to_poll(call, _with_index(call, _one))


def _with_index(call: Call, show: Callable[[Call, RunRow, AnswerIndex], Response]) -> Response:
    """The page that ``show`` makes, or in words why there is none."""
    row = find_run(call)
    if row is None:
        return missing_page(call)
    try:
        with call.platform.answers.open(row) as index:
            return show(call, row, index)
    except NotYetError:
        return page(call, "answers_wait.html.j2", 202, **_about(call, row))
    except IndexingError as error:
        return problem_page(call, 410, f"the answers of this run cannot be listed, until that is mended: {error}")
    except ChangedError as error:
        return problem_page(call, 410, f"{error} of this run {_CHANGED}")
    except LostError as error:
        return problem_page(call, 410, f"{error} of this run {_LOST}")


def _about(call: Call, row: RunRow) -> dict[str, Any]:
    project, seal = call.membership.project, row.listed.seal
    withheld_at = call.platform.runs.withheld_at(row.listed.id)
    return {
        "run": row.summary,
        "project": project,
        "run_address": run_path(project, seal),
        "address": answers_path(project, seal),
        "is_restored": row.listed.is_restored,
        "withheld_at": moment(withheld_at) if withheld_at else "",
    }


def _words(withheld_at: str) -> TextWords:
    from steelyard_server.answers.shown import TextWords

    if withheld_at:
        deleted = f"deleted {withheld_at}, since the project keeps texts for some months only"
        return TextWords(withheld=deleted, gone=deleted)
    return TextWords(
        withheld="withheld: whoever pushed the run left it out",
        gone="its file is no longer in the data folder: restore it from a backup",
    )


def _list(call: Call, row: RunRow, index: AnswerIndex) -> Response:
    from steelyard_server.answers.shown import listed

    asked, about = _asked(call, index.header), _about(call, row)
    numbers, is_first, is_last = _page_of(call, index, asked.selection)
    words = _words(about["withheld_at"])
    with _reader(call, row) as reader:
        rows = [listed(index.header, reader, index.entry(number), number, words) for number in numbers]
    address = about["address"]
    return page(
        call,
        "answers.html.j2",
        **about,
        rows=[{"row": each, "css": _css(each.outcome), "sign": SIGNS[each.outcome],
               "address": asked.address(f"{address}/{each.number}")} for each in rows],
        total=index.total,
        number=index.count(asked.selection),
        asked={"measurement": "", "sample": "", "taken": "", **asked.fields},
        is_narrowed=bool(asked.fields),
        outcomes=_tally(index, asked, address),
        taken=_count_taken(index, asked),
        measurements=_named(index.header),
        measurements_left=max(0, len(index.header.measurements) - _MOST_NAMED),
        scorers=len(index.header.scorers) > 1,
        first=asked.address(address) if not is_first else "",
        previous=asked.address(address, before=numbers[0]) if numbers and not is_first else "",
        next=asked.address(address, after=numbers[-1]) if numbers and not is_last else "",
        last=asked.address(address, before=index.total + 1) if not is_last else "",
    )  # fmt: skip


def _page_of(call: Call, index: AnswerIndex, selection: Selection) -> tuple[list[int], bool, bool]:
    """The numbers of one page, and whether it is the first and the last."""
    if before := _number(call, "before"):
        found = index.before(selection, before, PAGE_SIZE + 1)
        is_last = not index.after(selection, before - 1, 1)
        return found[-PAGE_SIZE:], len(found) <= PAGE_SIZE, is_last
    after = max(_number(call, "after"), _number(call, "from") - 1, 0)
    found = index.after(selection, after, PAGE_SIZE + 1)
    is_first = not after or not index.before(selection, after + 1, 1)
    return found[:PAGE_SIZE], is_first, len(found) <= PAGE_SIZE


def _one(call: Call, row: RunRow, index: AnswerIndex) -> Response:
    from steelyard_server.answers.shown import shown

    number = call.number("number")
    if not 1 <= number <= index.total:
        return missing_page(call)
    asked, about = _asked(call, index.header), _about(call, row)
    with _reader(call, row) as reader:
        found = shown(index.header, reader, index.entry(number), number, _words(about["withheld_at"]))
    address = about["address"]
    before, after = index.before(asked.selection, number, 1), index.after(asked.selection, number, 1)
    return page(
        call,
        "answer.html.j2",
        **about,
        answer=found,
        css=_css(found.row.outcome),
        sign=SIGNS[found.row.outcome],
        facts=[*_facts(found.attempt)],
        total=index.total,
        list_address=asked.address(address, after=number - 1) if number > 1 else asked.address(address),
        is_narrowed=bool(asked.fields),
        same_sample=f"{address}?{urlencode({'sample': found.row.sample})}",
        previous=asked.address(f"{address}/{before[0]}") if before else "",
        next=asked.address(f"{address}/{after[0]}") if after else "",
    )


def _facts(attempt: Attempt) -> Iterator[tuple[str, str]]:
    """What is known of the call, by name."""
    from datetime import UTC, datetime

    yield "attempt", f"{attempt.attempt:,}" + (" (those before it brought no answer)" if attempt.attempt > 1 else "")
    began = min(max(attempt.started_us, 0), 253_402_300_799_000_000)  # the end of the year 9999
    yield "asked", moment(datetime.fromtimestamp(began / 1e6, UTC))
    took = f"{attempt.elapsed_us / 1e6:,.2f} s"
    yield "time", f"its part of a batch, {took}" if attempt.batch else took
    tokens = f"{attempt.prompt_tokens:,} in, {attempt.completion_tokens:,} out"
    if attempt.prompt_tokens or attempt.completion_tokens:
        yield (
            "tokens",
            tokens + (f", {attempt.reasoning_tokens:,} of them reasoning" if attempt.reasoning_tokens else ""),
        )
    if attempt.model:
        yield "the endpoint calls itself", one_line(attempt.model, 120)
    if attempt.finish_reason:
        yield "it ended by", one_line(attempt.finish_reason, 60)


@contextmanager
def _reader(call: Call, row: RunRow) -> Iterator[RunReader]:
    with RunReader(call.platform.data, row.folder) as reader:
        yield reader


def _asked(call: Call, header: Header) -> _Asked:
    names = {each.id: number for number, each in enumerate(header.measurements)}
    measurement, outcome = call.query("measurement", 200), call.query("outcome", 20)
    sample = call.request.query_params.get("sample", "")[:1000]  # as it is: it is looked for, not shown
    taken = call.query("taken", 5) == "yes"
    selection = Selection(measurement=names.get(measurement), outcome=_BY_WORD.get(outcome), taken=taken, sample=sample)
    fields = {
        "measurement": measurement if selection.measurement is not None else "",
        "outcome": outcome if selection.outcome is not None else "",
        "taken": "yes" if taken else "",
        "sample": sample,
    }
    return _Asked(selection, {name: value for name, value in fields.items() if value})


def _number(call: Call, name: str) -> int:
    value = call.query(name, 20).strip()
    return min(int(value), 1 << 32) if value.isascii() and value.isdigit() else 0


def _tally(index: AnswerIndex, asked: _Asked, address: str) -> list[dict[str, Any]]:
    """Each outcome with the number of its answers in the selection, whichever outcome that is of, and its address."""
    others = {name: value for name, value in asked.fields.items() if name != "outcome"}
    found = []
    for word, number in _BY_WORD.items():
        chosen = asked.selection
        selection = Selection(measurement=chosen.measurement, outcome=number, taken=chosen.taken, sample=chosen.sample)
        found.append(
            {
                "word": OUTCOMES[number],
                "css": _css(OUTCOMES[number]),
                "sign": SIGNS[OUTCOMES[number]],
                "number": index.count(selection),
                "is_chosen": chosen.outcome == number,
                "address": f"{address}?{urlencode({**others, 'outcome': word})}",
            }
        )
    return found


def _count_taken(index: AnswerIndex, asked: _Asked) -> int:
    chosen = asked.selection
    return index.count(
        Selection(measurement=chosen.measurement, outcome=chosen.outcome, taken=True, sample=chosen.sample)
    )


def _named(header: Header) -> list[tuple[str, str]]:
    """The measurements as a form lists them: by task, with the model, and the id where two are alike."""
    words = [", ".join(filter(None, (each.task, each.model))) for each in header.measurements[:_MOST_NAMED]]
    return [
        (each.id, word if words.count(word) == 1 or len(words) > 200 else f"{word} ({one_line(each.id, 60)})")
        for each, word in zip(header.measurements, words, strict=False)
    ]


def _css(outcome: str) -> str:
    return outcome.replace(" ", "-")
