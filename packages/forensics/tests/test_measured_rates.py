"""Every detector that accuses has a measured rate, the core's and this package's."""

from __future__ import annotations

from steelyard.plugins import find, names
from steelyard.reports.judging import RULE as JUDGE_RULE
from steelyard.reports.measured_rates import measured_rates
from steelyard_forensics.assemble.pages import RULE as SINGLE_MODEL_RULE
from steelyard_forensics.panels.twin_gap import RULE as PANEL_RULE
from steelyard_forensics.published.pages import RULE as PUBLISHED_RULE
from steelyard_forensics.published.texts_pages import RULE as PUBLISHED_TEXTS_RULE
from steelyard_forensics.text_identity.pages import RULE as TEXT_RULE

# Why a detector needs no measured rate. Whoever adds a detector measures how often it accuses the honest, or says why
# it accuses nobody.
ACCUSES_NOBODY = {
    "format_spread": "a display: its result is never inconsistent",
    "desk_screen": "arithmetic and names of the sheet itself, without a level: every number of right answers is tried "
    "in tests/detectors/screen",
    "budget": "what was paid or how long it took, against a limit of the user's own",
    "gate": "the user's own bar for a model of his own choice: its rates stand in docs/results/inhouse.md",
    "choose": "the user's own choice among models: its rates stand in docs/results/inhouse.md",
}
# Rules that are no plug-ins: what `steelyard detect`, `assemble` and `judge` conclude from finished runs.
OFFLINE = {PANEL_RULE, TEXT_RULE, SINGLE_MODEL_RULE, PUBLISHED_RULE, PUBLISHED_TEXTS_RULE, JUDGE_RULE}


def test_every_detector_that_accuses_has_a_measured_rate_of_its_version() -> None:
    assert set(names("detector")) >= ACCUSES_NOBODY.keys()
    accusing = {
        f"{name}@{find('detector', name)().version}" for name in names("detector") if name not in ACCUSES_NOBODY
    }
    assert accusing | OFFLINE == {*measured_rates().rules, *measured_rates().elsewhere}
    assert measured_rates().vendors >= 10_000
