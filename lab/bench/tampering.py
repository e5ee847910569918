"""What ``steelyard verify`` says of changed bundles: ``python -m bench.tampering [--changes N]``.

Four bundles are changed at random: bytes of their files, or values of their documents that are then sealed again, by
somebody without the key (the reader asks for it, with ``--require-key``) and by its owner, with scores and reports
made anew to fit wherever that is possible. A change is refused, or something is not compared (exit 3), or the bundle
holds: with the verdict that it had, or with another one. Whoever seals an unsigned bundle again is its owner.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.progress import track
from rich.table import Table

from steelyard.api.results import verified
from steelyard.auditing.finalize import results_of
from steelyard.cli import execute
from steelyard.errors import SteelyardError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical, canonical_in_full, sha256_hex, without_defaults
from steelyard.evidence.keys import CryptoSigner, load_signer
from steelyard.evidence.ledger import begun_line, ended_line, parse_lines
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.resealing import records_of, reseal, with_new_reports
from testkit.tamperings import TAMPERINGS

__all__ = ["BYTES", "OWNER", "STRANGER", "Case", "Made", "change_bytes", "change_values", "make", "measure"]

SEED = 20261126
BYTES, STRANGER, OWNER = "not sealed again", "sealed again without the key", "sealed again by who may seal"
REFUSED, PARTLY, KEPT, OTHER = "refused", "exit 3", "holds, same verdict", "holds, other verdict"
OUTCOMES = (REFUSED, PARTLY, KEPT, OTHER)
# What the code that makes scores and reports says of a document that makes no sense.
_UNFIT = (SteelyardError, ValueError, KeyError, TypeError, AttributeError, IndexError)

Form = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A sealed bundle, the key that signed it (None: unsigned), its public half, and what its verdict says."""

    name: str
    folder: Path
    signer: CryptoSigner | None
    public: Path | None
    verdict: str


@dataclass(frozen=True)
class Case:
    """One change: who sealed afterwards, what was changed, and what came of it."""

    by: str
    what: str
    outcome: str


# ── the bundles ─────────────────────────────────────────────────────────────────────────────────────────────────────


def make(folder: Path) -> list[Made]:
    """Four bundles: an audit with a ledger, a signed run, an unsigned audit, and one whose texts are withheld."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    os.environ["STEELYARD_KEY"] = str(folder / "key.pem")
    pairs = [(number, number * 7 % 91) for number in range(60)]
    rows = [{"question": f"What is {a} + {b}?", "answer": str(a + b)} for a, b in pairs]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "sums.jsonl").write_text(text)
    (folder / "public.jsonl").write_text(text)
    (folder / "known.yaml").write_text(
        "id: known_sums\ntitle: Sums\nfile: public.jsonl\npublic: true\nscorer: {name: numeric}\n"
        "fields: {question: question, target: answer}\n"
        "prompts:\n  question: {title: as is, prompt: '{{ question }}', chat: true}\n"
    )
    sheet = "model: sums\nclaims:\n  - {task: NAME, value: 75}\n  - {task: NAME, value: 99}\n"
    for name in ("sums", "known_sums"):
        (folder / f"{name}.yaml").write_text(sheet.replace("NAME", name))
    with SumsServer() as server:
        model = ["--model", f"openai:sums@{server.url}", "--concurrency", "1"]
        _run(["key", "new"])
        own = ["--task", str(folder / "sums.jsonl")]
        _run(["audit", str(folder / "sums.yaml"), *model, *own, "--out", str(folder / "audit")])
        _run(["run", str(folder / "sums.jsonl"), *model, "--no-ledger", "--out", str(folder / "run")])
        del os.environ["STEELYARD_KEY"]
        _run(["audit", str(folder / "sums.yaml"), *model, *own, "--out", str(folder / "unsigned")])
        known = ["--task", str(folder / "known.yaml")]
        _run(["audit", str(folder / "known_sums.yaml"), *model, *known, "--out", str(folder / "withheld")])
    shutil.rmtree(folder / "withheld" / "texts")
    signer, public = load_signer(folder / "key.pem"), folder / "key.pub.pem"
    return [
        Made("a signed audit with its ledger", folder / "audit", signer, public, verdict_of(folder / "audit")),
        Made("a signed run without ledger", folder / "run", signer, public, verdict_of(folder / "run")),
        Made("an unsigned audit", folder / "unsigned", None, None, verdict_of(folder / "unsigned")),
        Made("an unsigned audit, texts withheld", folder / "withheld", None, None, verdict_of(folder / "withheld")),
    ]


def _run(arguments: list[str]) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        code = execute(arguments)
    if code in (2, 3):
        raise SystemExit(f"{arguments[0]} ended with {code}: {said.getvalue()[-300:]}")


def verdict_of(bundle: Path) -> str:
    """The verdict, its claims' words and the shares that were measured."""
    report = json.loads((bundle / "report.json").read_bytes())
    told = [report["verdict"], report["exit"], [each["verdict"] for each in report["claims"]]]
    return json.dumps([*told, [(each["right"], each["asked"]) for each in report["measurements"]]])


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def change_bytes(bundle: Path, dice: random.Random) -> str:
    """Change the bytes of one file, or delete or add one; what was changed."""
    names = sorted(name for name in layout.run_files(bundle) if not layout.is_derived(name))
    name = dice.choice(names)
    path = bundle / name
    way = dice.choice([*TAMPERINGS, "delete", "add"])
    before = path.read_bytes()
    if way == "add":
        (bundle / dice.choice(["notes.txt", "journal/main-0001.jsonl", "report.pdf"])).write_bytes(b"")
    elif way == "delete":
        path.unlink()
    else:
        for _ in range(100):
            if (changed := TAMPERINGS[way](before, dice)) != before:
                path.write_bytes(changed)
                return kind_of(name)
        path.unlink()
    return kind_of(name)


def kind_of(name: str) -> str:
    """A file of a bundle, as the table names it."""
    return name if "/" not in name else name.split("/", 1)[0] + "/"


def change_values(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> str:
    """Change one value of one document and make all else fit that can be made to fit; what was changed.

    Raises SteelyardError where the code that makes scores and reports refuses already.
    """
    what, change = dice.choice(sorted(_CHANGES.items()))
    change(bundle, dice, signer)
    return what


def _plan(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> None:
    plan = cast("Form", without_defaults(RunFolder.open(bundle).plan))
    _change_leaf(plan, dice)
    reseal(bundle, plan=plan, signer=signer)
    _begin_again(bundle, signer)
    _fit(bundle, signer)


def _begin_again(bundle: Path, signer: CryptoSigner | None) -> None:
    """The ledger's last plan begins as the changed one, where the owner of its key does it."""
    path = bundle / "ledger.jsonl"
    if signer is None or not path.exists():
        return
    lines = parse_lines(path.read_bytes(), path.name)
    place = max(number for number, line in enumerate(lines) if line.event == "begun")
    told = path.read_bytes().splitlines(keepends=True)[:place]
    plan = RunFolder.open(bundle).plan_sha256
    begun = lines[place]
    told.append(begun_line(signer, lines[:place], begun.at, cast("Any", begun.word), plan, begun.tags))
    before = parse_lines(b"".join(told), path.name)
    if place + 1 < len(lines):
        told.append(ended_line(signer, before, lines[place + 1].at, lines[place + 1].word, plan))
    path.write_bytes(b"".join(told))
    reseal(bundle, signer=signer)


def _records(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> None:
    records = records_of(bundle)
    way = dice.randrange(4)
    place = dice.randrange(1, len(records))
    if way == 0:
        records.pop(place)
    elif way == 1:
        answered = [each for each in records if each.get("answer")]
        one, other = dice.sample(answered, 2)
        one["answer"], other["answer"] = other["answer"], one["answer"]
    else:
        _change_leaf(records[place], dice)
    reseal(bundle, records=records, signer=signer)
    _fit(bundle, signer)


def _texts(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> None:
    """Another answer of the model: its text, its digest in the journal, and all that follows."""
    path = bundle / "texts" / "main-0000.jsonl"
    records = records_of(bundle)
    record = dice.choice([each for each in records if each.get("answer")])
    text = str(dice.randrange(200))
    record["answer"] = sha256_hex(text.encode())
    if path.exists():
        lines = path.read_bytes().splitlines()
        known = {json.loads(line)["sha256"] for line in lines}
        if record["answer"] not in known:
            lines.append(canonical({"sha256": record["answer"], "text": text}))
        path.write_bytes(b"\n".join(lines) + b"\n")
    reseal(bundle, records=records, signer=signer)
    _fit(bundle, signer)


def _scores(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> None:
    path = bundle / "scores.jsonl"
    lines = path.read_bytes().splitlines()
    place = dice.randrange(len(lines))
    score = json.loads(lines[place])
    if dice.randrange(2) and score["value"] is not None:
        score["value"] = 1.0 - score["value"]
    else:
        _change_leaf(score, dice)
    lines[place] = canonical(score)
    path.write_bytes(b"\n".join(lines) + b"\n")
    reseal(bundle, signer=signer)


def _report(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> None:
    path = bundle / "report.json"
    report = json.loads(path.read_bytes())
    _change_leaf(report, dice)
    path.write_bytes(canonical(report) + b"\n")
    reseal(bundle, signer=signer)


def _page(name: str) -> Callable[[Path, random.Random, CryptoSigner | None], None]:
    def change(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> None:
        path = bundle / name
        text = path.read_text()
        places = [place for place, letter in enumerate(text) if letter.isalnum()]
        place = dice.choice(places)
        letter = dice.choice([each for each in "aZ09" if each != text[place]])
        path.write_text(text[:place] + letter + text[place + 1 :])
        reseal(bundle, signer=signer)

    return change


def _samples(bundle: Path, dice: random.Random, signer: CryptoSigner | None) -> None:
    path = dice.choice(sorted((bundle / "samples").iterdir()))
    lines = path.read_bytes().splitlines()
    way = dice.randrange(3)
    if way == 0:
        lines.pop(dice.randrange(len(lines)))
    elif way == 1:
        one, other = dice.sample(range(len(lines)), 2)
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines[dice.randrange(len(lines))] = sha256_hex(str(dice.random()).encode()).encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    reseal(bundle, signer=signer)
    _fit(bundle, signer)


_CHANGES: dict[str, Callable[[Path, random.Random, CryptoSigner | None], None]] = {
    "a field of the plan": _plan,
    "a field or an order of the journal": _records,
    "what the model answered": _texts,
    "a field of a score": _scores,
    "a field of report.json": _report,
    "a letter of report.md": _page("report.md"),
    "a letter of report.html": _page("report.html"),
    "the list of samples": _samples,
}


def _fit(bundle: Path, signer: CryptoSigner | None) -> None:
    """Scores and reports that follow from the changed run."""
    with (bundle / "scores.jsonl").open("wb") as file:
        results_of(RunFolder.open(bundle), lambda score: file.write(canonical_in_full(score) + b"\n"))
    with_new_reports(bundle)
    reseal(bundle, signer=signer)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, (*path, key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _leaves(each, (*path, place))
    else:
        yield path


def _change_leaf(document: Any, dice: random.Random) -> None:
    """Another value for one of the document's values, of the same type; or the value is left out."""
    before, whole = json.dumps(document), document
    while json.dumps(whole) == before:
        _change_one(whole, dice)


def _change_one(document: Any, dice: random.Random) -> None:
    *path, last = dice.choice(list(_leaves(document)))
    for key in path:
        document = document[key]
    value = document[last]
    if dice.randrange(8) == 0 and isinstance(document, dict):
        del document[last]
    elif isinstance(value, bool):
        document[last] = not value
    elif isinstance(value, int):
        document[last] = value + dice.choice([-1, 1, 7, 1000])
    elif isinstance(value, float):
        document[last] = dice.choice([value + 0.01, value * 1.5 + 0.001, 1 - value])
    elif isinstance(value, str):
        document[last] = dice.choice([value + "x", value[1:], value.swapcase() + "0", "0" * len(value) + "1"])
    else:
        document[last] = dice.choice([0, 1, "x"])


# ── what verify says ────────────────────────────────────────────────────────────────────────────────────────────────


def measure(bundles: Sequence[Made], changes: int, seed: int = SEED) -> list[Case]:
    """Change each bundle ``changes`` times in all: half by bytes, a quarter each sealed again by both."""
    dice = random.Random(seed)
    cases = []
    with tempfile.TemporaryDirectory() as work:
        copy = Path(work) / "bundle"
        steps = [(each, _by(each, n)) for each in bundles for n in range(changes)]
        for made, by in track(steps, "changing", console=Console(stderr=True)):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(made.folder, copy)
            cases.append(_case(made, copy, by, dice))
    return cases


def _by(made: Made, number: int) -> str:
    """Half of the changes are of bytes; an unsigned bundle has no key, so all others are its owner's."""
    if number % 2:
        return BYTES
    return STRANGER if made.public and number % 4 else OWNER


def _case(made: Made, copy: Path, by: str, dice: random.Random) -> Case:
    state = dice.getstate()
    try:
        signer = made.signer if by == OWNER else None
        what = change_bytes(copy, dice) if by == BYTES else change_values(copy, dice, signer)
    except _UNFIT:
        # It does not even fit together; the same dice say what was to be changed.
        dice.setstate(state)
        return Case(by, dice.choice(sorted(_CHANGES.items()))[0], REFUSED)
    try:
        found = verified(copy, made.public if by == STRANGER else None)
    except SteelyardError:
        return Case(by, what, REFUSED)
    if found.exit_code:
        return Case(by, what, PARTLY)
    return Case(by, what, KEPT if verdict_of(copy) == made.verdict else OTHER)


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def print_table(cases: Sequence[Case], title: str) -> None:
    """One row for each thing that was changed, by who sealed afterwards."""
    table = Table(title=title, title_justify="left")
    for name in ("what was changed", "changes", *OUTCOMES):
        table.add_column(name, justify="left" if name == "what was changed" else "right")
    for by in (BYTES, STRANGER, OWNER):
        mine = [each for each in cases if each.by == by]
        if not mine:
            continue
        table.add_section()
        for what in (*sorted({each.what for each in mine}), None):
            found = Counter(each.outcome for each in mine if what in (None, each.what))
            total = sum(found.values())
            name = f"  {what}" if what else f"{by}: all"
            table.add_row(name, f"{total:,}", *(f"{found[outcome]:,}" for outcome in OUTCOMES))
    Console(width=110).print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make four bundles, change them, and print what ``verify`` says."""
    parser = argparse.ArgumentParser(prog="python -m bench.tampering", description=__doc__)
    parser.add_argument("--changes", type=int, default=2_000, help="in all, over four bundles")
    changes = parser.parse_args(arguments).changes
    with tempfile.TemporaryDirectory() as folder:
        bundles = make(Path(folder))
        cases = measure(bundles, changes // len(bundles))
    where = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, seed {SEED}"
    print_table(cases, f"{len(cases):,} changes of {len(bundles)} bundles, {where}")


if __name__ == "__main__":
    main()
