"""Rows of one sheet that different networks answer: a finding, unless the sheet names them as variants."""

from __future__ import annotations

from msgspec.structs import replace

from steelyard.detectors.screen.answered import other_networks
from steelyard.detectors.screen.detector import DeskScreen
from steelyard.detectors.screen.screen import screen
from steelyard.records import (
    Capabilities,
    Checkpoint,
    Claim,
    ClaimSheet,
    Finding,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    Served,
)
from testkit.plans import measurement, plan, planned_model

NETWORKS = {
    "rooms": (Checkpoint(sha256="1" * 64, kind="jepa-map"),),
    "scenes": (Checkpoint(sha256="2" * 64, kind="jepa"), Checkpoint(sha256="3" * 64, kind="jepa")),
    "scenes, other config": (Checkpoint(sha256="2" * 64, kind="jepa", config="c"),),
    "rival": (Checkpoint(sha256="4" * 64, kind="pixel"),),
}


def audit(*rows: tuple[tuple[str, ...], str], variants: tuple[str, ...] = (), family: bool = True) -> Plan:
    """A plan whose claims are answered by these needs, each with the variant that its row names."""
    claims = tuple(
        Claim(task=f"t{number}", value="80", variant=variant, line=number + 5)
        for number, (_, variant) in enumerate(rows)
    )
    asked = [measurement(id=f"{n:02d}-t", needs=needs if family else ()) for n, (needs, _) in enumerate(rows)]
    reads = [Reads(measurement=each.id, scorer=each.scorers[0]) for each in asked]
    capabilities = Capabilities(checkpoints=NETWORKS if family else {})
    return plan(
        *asked,
        models={"subject": PlannedModel(identity=planned_model().identity, capabilities=capabilities)},
        sheet=ClaimSheet(model="our JEPA", variants=variants, claims=claims, digest="0" * 64),
        served=tuple(Served(request=f"claim/{n}", reads=each, prompt="p") for n, each in enumerate(reads)),
        tests=(PlannedTest(id="desk-screen", rule="desk_screen@3"),),
        tolerance="2",
    )


def found(whole: Plan) -> list[Finding]:
    return [*other_networks(whole)]


def test_two_networks_behind_one_name_are_a_finding_that_names_them_and_their_rows() -> None:
    (finding,) = found(audit((("rooms",), ""), (("scenes",), ""), (("rooms",), "")))
    assert (finding.detector, finding.check, finding.task, finding.n) == ("desk_screen", "variant", "t0", 3)
    assert finding.records == ("claims[0]", "claims[1]", "claims[2]")
    assert "rows about our JEPA are answered by different networks: jepa-map 111111111111 (lines 5, 7); " in (
        finding.message
    )
    assert "jepa 222222222222, 2 trainings (line 6); name them" in finding.message


def test_the_same_weights_in_another_config_are_another_network() -> None:
    assert found(audit((("scenes",), ""), (("scenes, other config",), "")))


def test_one_network_or_named_ones_are_none() -> None:
    assert found(audit((("rooms",), ""), (("rooms",), ""))) == []
    named = (("rooms",), "rooms"), (("scenes",), "physics")
    assert found(audit(*named, variants=("rooms", "physics"))) == []
    assert found(audit((("rooms",), ""), (("scenes",), "physics"), variants=("physics",))) == []


def test_a_rival_is_not_the_claimed_network() -> None:
    assert found(audit((("rooms", "rival"), ""), (("rooms",), ""))) == []


def test_a_variant_that_the_sheet_does_not_list_or_that_stands_for_two_does_not_help() -> None:
    rows = (("rooms",), "rooms"), (("scenes",), "physics")
    assert found(audit(*rows))
    assert found(audit((("rooms",), "x"), (("scenes",), "x"), variants=("x",)))


def test_a_language_model_has_no_variants_beside_it_whatever_the_sheet_lists() -> None:
    rows = ((), ""), ((), "our JEPA large")
    for family in (True, False):
        whole = audit(*rows, variants=("our JEPA large",), family=family)
        result = DeskScreen().open(whole.tests[0], whole).find({})
        assert [each.check for each in result.findings] == ([] if family else ["variant"])


def test_the_screen_of_the_sheet_alone_notes_listed_variants_and_finds_unlisted_ones() -> None:
    claims = tuple(Claim(task="t", value="80", variant=name) for name in ("our JEPA rooms", "our JEPA scenes"))
    sheet = ClaimSheet(model="our JEPA", claims=claims, digest="0" * 64)
    assert [each.check for each in screen(sheet)[0]] == ["variant", "variant"]
    findings, notes = screen(replace(sheet, variants=("our JEPA rooms", "our JEPA scenes")))
    assert findings == ()
    assert "several networks under one name: our JEPA rooms (t); our JEPA scenes (t)" in " ".join(
        note.message for note in notes
    )
