"""The documents of docs/tutorial/documents-to-decision.md, and the scripted model that writes questions about them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from testkit.made_files import docx_bytes, pdf_bytes, write
from testkit.scripted_writer import ScriptedWriter

__all__ = ["GapWriter", "make_documents"]

BBH = ("causal_judgement", "penguins_in_a_table", "date_understanding")
ROWS = 25  # of each file of BIG-Bench Hard
DEVICES = ("compressor", "conveyor", "ventilator", "transformer", "dishwasher", "centrifuge", "excavator")
PLACES = ("Bremen", "Leipzig", "Augsburg", "Dortmund", "Rostock", "Potsdam", "Kassel")
PARTS = ("bearing", "filter", "gasket", "coupling", "relay")
FACTS = (
    "The {device} in hall {n} of {place} was overhauled because its {part} had leaked for {n} weeks.",
    "Whoever opens the {device} number {n} first closes the valve beside the {part} and waits {n} minutes.",
    "Our {place} branch keeps {n} spare units of the {part} in the cellar next to the {device}.",
    "In the year 20{n} the supplier from {place} replaced every {part} of the {device} without charge.",
    "A {device} that hums louder than {n} decibels has a worn {part}, says the workshop in {place}.",
)


class GapWriter(ScriptedWriter):
    """Asks for the word that is missing in a sentence: a model can answer that from the document."""

    def question(self, sentence: str, answer: str, name: str) -> str:
        """The sentence with a gap in the place of its longest word."""
        gapped = re.sub(re.escape(answer), "____", sentence, flags=re.IGNORECASE)
        return f"Which word is missing in sentence {name}: {gapped}"


def make_documents(folder: Path, data: Path) -> None:
    """Write ``documents/`` (five PDFs, two DOCX, files of BIG-Bench Hard) and ``chats.jsonl`` into ``folder``."""
    facts = [
        FACTS[number % 5].format(
            device=DEVICES[number % 7], part=PARTS[number // 5 % 5], place=PLACES[number // 3 % 7], n=10 + number
        )
        for number in range(84)
    ]
    for number in range(5):
        pages = [facts[12 * number : 12 * number + 6], facts[12 * number + 6 : 12 * number + 12]]
        write(folder / "documents" / f"manual-{number + 1}.pdf", pdf_bytes(pages))
    for number in range(2):
        paragraphs = facts[60 + 12 * number : 72 + 12 * number]
        write(folder / "documents" / f"report-{number + 1}.docx", docx_bytes(paragraphs))
    for name in BBH:
        rows = (data / "lukaemon" / "bbh" / name / "test.jsonl").read_text("utf-8").splitlines()[:ROWS]
        write(folder / "documents" / f"{name}.md", "\n\n".join(json.loads(row)["input"] for row in rows))
    write(folder / "chats.jsonl", "".join(json.dumps(chat) + "\n" for chat in _chats()))


def _chats() -> list[dict[str, object]]:
    """Ten short conversations: answers that a person accepted, corrected, or left without a sign."""
    sums = [(n + 11, 2 * n + 3) for n in range(8)]
    judged = [
        (f"A parcel costs {a} euros and insurance {b} euros. What do both cost?", f"{a + b + (n == 3)}",
         {"corrected": str(a + b)} if n == 3 else {"accepted": True})
        for n, (a, b) in enumerate(sums)
    ]  # fmt: skip
    judged += [("Can you write more politely?", "Of course.", {}), ("And in French?", "Bien sûr.", {})]
    return [
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer, **sign}]}
        for asked, answer, sign in judged
    ]
