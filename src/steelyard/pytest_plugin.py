"""A gate as a pytest test: ``@pytest.mark.steelyard(suite=…, model=…, at_least=…)``.

All marked tests of a session have one false-alarm level together: each is red at α/m, where m is the number of marked
tests that are left after collection. Every worker of pytest-xdist collects all tests, so none needs a message; where
a CI matrix splits them, the ini option ``steelyard_family`` says how many there are in all. No result waits for
another (there is no Holm step): each is known when it is printed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from steelyard.api.results import RunResult

__all__ = ["GateOutcome", "SteelyardGate", "steelyard_gate"]

MARK: Final = "steelyard"
_INCONCLUSIVE: Final = ("fail", "xfail", "skip")
_OWN: Final = ("suite", "model", "at_least", "baseline", "margin", "rule", "inconclusive")
_DOC: Final = (
    "steelyard(suite, model, at_least, inconclusive='fail', **choices): "
    "fail where the model's score on the suite is shown to be below at_least; choices are those of steelyard.gate"
)


@dataclass(frozen=True)
class GateOutcome:
    """What a gate came to: its colour, all of it in one line, the first failing samples, and the result itself."""

    colour: str
    sentence: str
    failing: tuple[str, ...]
    result: RunResult

    @property
    def folder(self) -> Path:
        """The run's folder: journal, report and seal."""
        return self.result.folder


class _Session:
    """The gates of one session: how many share the level, and what was answered already."""

    def __init__(self) -> None:
        self.family = 1
        self.outcomes: dict[str, GateOutcome] = {}


_SESSION: Final = pytest.StashKey[_Session]()


class SteelyardGate:
    """The gate of a marked test, as the fixture ``steelyard_gate`` gives it. It is asked when it is first looked at."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    @property
    def outcome(self) -> GateOutcome:
        """What the gate came to; a test that is run again gets the session's first answer again."""
        return _outcome(self._item)

    @property
    def colour(self) -> str:
        """``green``, ``red`` or ``undecided``."""
        return self.outcome.colour

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.outcome.folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options, and ``--steelyard-with-texts``."""
    parser.addini(
        "steelyard_family", "how many steelyard tests share one level; default: those of this session", default=""
    )
    parser.addini("steelyard_model", "the model of marked tests that name none", default="")
    parser.addini("steelyard_inconclusive", "what an undecided gate is: fail, xfail or skip", default="fail")
    parser.addini("steelyard_out", "the folder for the runs, under rootdir", default="runs/pytest")
    group = parser.getgroup("steelyard")
    group.addoption("--steelyard-with-texts", action="store_true", help="show questions and answers of failing samples")


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and begin the session's count."""
    config.addinivalue_line("markers", _DOC)
    config.stash[_SESSION] = _Session()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the marked tests that are left. Raises UsageError for a family that is smaller."""
    config = session.config
    here = sum(item.get_closest_marker(MARK) is not None for item in session.items)
    given = str(config.getini("steelyard_family")).strip()
    if given and not re.fullmatch(r"[1-9]\d{0,4}", given):
        raise pytest.UsageError(f"steelyard_family = {given}: the number of steelyard tests in all, from 1")
    if given and int(given) < here:
        raise pytest.UsageError(f"steelyard_family = {given}, and {here} steelyard tests are here: raise it")
    config.stash[_SESSION].family = int(given) if given else max(1, here)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Before the body of a marked test, ask its gate, and end the test where it is red or undecided."""
    if item.get_closest_marker(MARK) is not None:
        _enforce(item)
    return (yield)


@pytest.fixture
def steelyard_gate(request: pytest.FixtureRequest) -> SteelyardGate:
    """The gate of a test that is marked ``steelyard``."""
    if request.node.get_closest_marker(MARK) is None:
        _fail("the fixture steelyard_gate is for tests that are marked: @pytest.mark.steelyard(suite=…, at_least=…)")
    return SteelyardGate(request.node)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List every gate, and name those that were undecided."""
    found: dict[str, str] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            properties = dict(getattr(report, "user_properties", ()))
            if MARK in properties:
                found[report.nodeid] = str(properties[MARK])
    if not found:
        return
    terminalreporter.section("steelyard gates")
    for sentence in found.values():
        terminalreporter.line(sentence)
    undecided = [name for name, sentence in found.items() if sentence.startswith("undecided")]
    if undecided:
        terminalreporter.line(f"undecided, which is never green: {', '.join(undecided)}")


# ── one gate ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _enforce(item: pytest.Item) -> None:
    from steelyard.evidence import layout

    outcome = _outcome(item)
    if (MARK, outcome.sentence) not in item.user_properties:
        item.user_properties.append((MARK, outcome.sentence))
    if outcome.colour == "green":
        return
    failing = [f"first failing samples ({len(outcome.failing)} shown):", *outcome.failing] if outcome.failing else []
    text = "\n".join([f"steelyard: {outcome.sentence}", *failing, f"report: {outcome.folder / layout.REPORT_PAGE}"])
    choice = _inconclusive(item)
    if outcome.colour == "undecided" and choice == "xfail":
        pytest.xfail(text)
    if outcome.colour == "undecided" and choice == "skip":
        pytest.skip(text)
    pytest.fail(text, pytrace=False)


def _outcome(item: pytest.Item) -> GateOutcome:
    session = item.config.stash[_SESSION]
    if item.nodeid not in session.outcomes:
        session.outcomes[item.nodeid] = _asked(item, session.family)
    return session.outcomes[item.nodeid]


def _asked(item: pytest.Item, family: int) -> GateOutcome:
    """Run the gate; ends the test in one line where it cannot be run."""
    from steelyard.api.gates import gate
    from steelyard.errors import SteelyardError

    given = _arguments(item)
    _inconclusive(item)  # a wrong word is refused before anything is asked
    root = item.config.rootpath
    task = _under(root, given["suite"])
    choices: dict[str, Any] = {"out": _folder(item), "progress": False}
    choices |= {name: value for name, value in given.items() if name not in _OWN}
    try:
        result = gate(
            task,
            model=given["model"],
            at_least=given.get("at_least"),
            rule=given.get("rule"),
            baseline=_under(root, given.get("baseline")),
            margin=given.get("margin"),
            family=family,
            **choices,
        )
    except (SteelyardError, TypeError) as error:
        _fail(" ".join(str(error).split()))
    return _described(item, result, _under(root, given.get("baseline")))


def _under(root: Path, place: Any) -> Any:
    """A path of the project, where there is one of this name; else as it is."""
    return root / str(place) if place is not None and (root / str(place)).exists() else place


def _arguments(item: pytest.Item) -> dict[str, Any]:
    marker = item.get_closest_marker(MARK)
    assert marker is not None
    if marker.args:
        _fail("the mark takes names: @pytest.mark.steelyard(suite=…, model=…, at_least=…)")
    given = dict(marker.kwargs)
    if not given.get("model") and (usual := str(item.config.getini("steelyard_model"))):
        given["model"] = usual
    bars = ("baseline", "margin") if "baseline" in given else ("rule" if "rule" in given else "at_least",)
    if lacking := [name for name in ("suite", "model", *bars) if given.get(name) in (None, "")]:
        _fail(f"the mark lacks {', '.join(lacking)}: @pytest.mark.steelyard(suite=…, model=…, at_least=…)")
    return given


def _inconclusive(item: pytest.Item) -> str:
    marker = item.get_closest_marker(MARK)
    own = marker.kwargs.get("inconclusive") if marker else None
    choice = str(own or item.config.getini("steelyard_inconclusive"))
    if choice not in _INCONCLUSIVE:
        _fail(f"inconclusive is one of {', '.join(_INCONCLUSIVE)}, not {choice!r}")
    return choice


def _folder(item: pytest.Item) -> Path:
    """A folder of its own for each gate, under the ini option ``steelyard_out``."""
    place = item.config.rootpath / str(item.config.getini("steelyard_out"))
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", item.nodeid).strip("-")[-80:]
    first = folder = place / f"{slug}-{time.strftime('%Y%m%d-%H%M%S')}"
    number = 1
    while folder.exists():
        number += 1
        folder = first.with_name(f"{first.name}-{number}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _described(item: pytest.Item, result: RunResult, baseline: str | Path | None) -> GateOutcome:
    """What to say of a result; with a baseline, failing samples are those that it had right."""
    from steelyard.api.gate_runs import sealed_run
    from steelyard.api.gates import failing_samples
    from steelyard.reports.gates import counted_colours, gate_words, gates_of

    found, *budgets = gates_of(result.verdict)
    row = gate_words(found, result.verdict)
    colour = counted_colours(result.verdict)[0][0]
    rows = [row, *(gate_words(each, result.verdict) for each in budgets)]
    sentence = "; ".join(each.sentence for each in sorted(rows, key=lambda each: each.colour != colour))
    if result.verdict.exit == _MISSING and colour == "green":
        colour, sentence = "undecided", f"undecided: answers are missing; {sentence}"
    with_texts = bool(item.config.getoption("--steelyard-with-texts"))
    measurement = found.gate.measurement if found.gate else ""
    if colour == "green":
        return GateOutcome(colour, sentence, (), result)
    among = None if baseline is None else sealed_run(Path(baseline)).right_of(row.task)
    failing = failing_samples(result.folder, measurement, with_texts=with_texts, among=among)
    failing = [] if row.colour == "green" else failing
    return GateOutcome(colour, sentence, tuple(failing), result)


_MISSING: Final = 4  # the exit code where answers are missing


def _fail(reason: str) -> NoReturn:
    pytest.fail(f"steelyard: {reason}", pytrace=False)
