"""Documents: the fact that is asked for stands on the page once, and every sum is right."""

from __future__ import annotations

import re
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.tasks.drawing.documents import Invoice, Letter, draw_invoice, draw_letter
from steelyard.tasks.generators import document_reading


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []

    def invoice(document: Invoice, *more: Any) -> str:
        found.append(document)
        return draw_invoice(document, *more)

    def letter(document: Letter, *more: Any) -> str:
        found.append(document)
        return draw_letter(document, *more)

    monkeypatch.setattr(document_reading, "draw_invoice", invoice)
    monkeypatch.setattr(document_reading, "draw_letter", letter)
    return found


def texts_of(value: Any) -> str:
    return value if isinstance(value, str) else "\n".join(map(texts_of, value))


def test_the_answer_stands_on_the_page(documents: list[Any]) -> None:
    rows = document_reading.generate("answers", 400)
    for document, row in zip(documents, rows, strict=True):
        if "in all?" in row["question"]:
            assert row["answer"] == str(sum(int(line[1]) for line in document.lines))
            continue
        times = len(re.findall(rf"(?<![\w.-]){re.escape(row['answer'])}(?![\w-]|\.\d)", texts_of(document)))
        assert times >= 1, row
        if re.search(r"day|number|code|reference|Who|Whom", row["question"]) and not row["answer"].isdecimal():
            assert times == 1, row


def test_sums_of_invoices_are_right(documents: list[Any]) -> None:
    document_reading.generate("sums", 120, kinds=("invoice",), min_lines=1, max_lines=6)
    for invoice in documents:
        cents = [round(100 * float(line[3])) for line in invoice.lines]
        assert cents == [int(line[1]) * round(100 * float(line[2])) for line in invoice.lines]
        net, tax, total = (round(100 * float(amount)) for _, amount in invoice.sums)
        share = int(re.sub(r"\D", "", invoice.sums[1][0]))
        assert (net, tax * 100, total) == (sum(cents), net * share, net + tax)


def test_every_question_is_asked_of_both_kinds() -> None:
    rows = document_reading.generate("kinds", 600)
    kinds = {kind: {re.sub(r"\b[A-Z]\w+|\d+", "", row["question"]) for row in rows if row["kind"] == kind} for kind in
             document_reading.KINDS}  # fmt: skip
    assert (len(kinds["invoice"]) >= 12, len(kinds["letter"]) >= 20) == (True, True)
    assert not any(re.search(r"[{}]", row["question"] + row["answer"] + row["image"].svg) for row in rows)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kinds": ("memo",)}, "kinds must be some of invoice, letter"),
        ({"max_lines": 7}, "≤ 6"),
        ({"sizes": (40,)}, "from 9 to 13"),
    ],
)
def test_other_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        document_reading.generate("s", 1, **options)
