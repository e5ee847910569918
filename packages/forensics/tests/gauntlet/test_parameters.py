"""Parameters of worlds: what ships can be read, and what is wrong in a file is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_forensics.gauntlet.parameters import World, load_world


def test_the_world_that_ships_has_the_kinds_that_an_error_rate_needs() -> None:
    world = load_world("simulated")
    assert len(world.honest) >= 24
    assert len([each for kind in world.cheats for each in kind.each()]) >= 30
    assert len(world.digest) == 64


@pytest.mark.parametrize(("name", "digest"), [("2026-11-27", "eafdb87704fb9645"), ("2026-11-27b", "f663a8b2dad66973")])
def test_the_sealed_worlds_of_the_docs_can_be_run_again(name: str, digest: str) -> None:
    """Their digests stand here, so that nobody tunes them."""
    world = load_world("simulated", Path(f"lab/bench/gauntlet_worlds/{name}.yaml"))
    assert world.digest.startswith(digest)


def test_doses_are_kinds_of_their_own(small: World) -> None:
    inflated = small.cheats[0]
    assert [kind.dose for kind in inflated.each()] == [5, 40]
    assert [kind.inflated for kind in inflated.each()] == [5, 40]
    plain = small.honest[0]
    assert (list(plain.each()), plain.dose) == ([plain], None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("steelyard-gauntlet/1", "steelyard-gauntlet/9", "format"),
        ("{name: plain}", "{name: plain, colour: x}", "colour"),
        ("{name: plain}", "{name: plain, unsteady: [x]}", "unsteady"),
        ("samples: 60", "samples: 6", "20 to 20,000"),
        ("varies: inflated", "varies: says", "varies"),
        ("varies: inflated, doses: [5, 40]", "varies: inflated", "go together"),
        ("doses: [0.9]", "doses: [1.9]", "between 0 and 1"),
        ("{name: plain}", "{name: plain, decoding: beam}", "greedy or sampled"),
        ("{name: plain}", "{name: plain, formats: 0}", "between 1 and 1,000"),
        ("name: sampled", "name: plain", "a name of its own"),
        ("name: small", "name: [", "small.yaml"),
        ("correlation: 0.9", "correlation: 2", "between 0 and 1"),
        ("correlation: 0.9", "correlation: nan", "between 0 and 1"),
        ("family: 0.8", "family: inf", "between 0 and 100"),
        ("families: 6", "families: 0", "families"),
        ("unsteady: [0, 0.02]", "unsteady: []", "unsteady"),
        ("mean: [-1, 0.5]", "mean: [1, 0.5]", "mean"),
        ("slope: 0.3", "slope: -1", "slope"),
        ("name: made", "name: fixed", "a name of its own"),
        ("{name: plain}", "{name: plain, entropy: [0]}", "entropy"),
        ("{name: plain}", "{name: plain, passes: []}", "passes"),
        ("{name: plain}", "{name: plain, slow: 0}", "slow"),
        ("{name: plain}", "{name: plain, ability: nan}", "at most 100"),
        ("{name: plain}", "{name: plain, gain: -1}", "gain is between 0 and 100"),
        ("{name: plain}", "{name: plain, misrecognised: 2}", "misrecognised are between 0 and 1"),
        ("{name: plain}", "{name: plain, varies: formats, doses: [nan]}", "no number"),
        ("{name: plain}", "{name: plain, unsteady: [1.5]}", "unsteady"),
        ("{name: plain}", "{name: plain, lowers: 1.5}", "lowers"),
        ("{name: plain}", "{name: plain, clamped: -1}", "clamped"),
        ("{name: plain}", "{name: plain, greedy_lower: 101}", "greedy_lower"),
        ("{name: plain}", "{name: plain, stated: beam}", "stated is nothing, greedy or sampled"),
        ("{name: plain}", "{name: plain, clusters: {size: 1}}", "clusters have a size"),
        ("{name: plain}", "{name: plain, clusters: {size: 9, share: 2}}", "and a share"),
        ("{name: plain}", "{name: plain, clusters: 9}", "clusters"),
        ("{name: plain}", "{name: plain, bursts: {share: 0, drop: 9}}", "bursts have a share"),
        ("{name: plain}", "{name: plain, bursts: {share: 0.1, drop: nan}}", "a drop of at most 100"),
        ("{name: plain}", "{name: plain, bursts: {share: 0.1, drop: 9, calls: []}}", "lengths in calls"),
        ("{name: plain}", "{name: plain, bursts: {share: 0.1, drop: 9, calls: [0]}}", "at most 1,000,000 calls"),
        ("{name: plain}", "{name: plain, bursts: {share: 0.1, drop: 9}, day: 9}", "day does not go together"),
        ("{name: plain}", "{name: plain, day: -1}", "at most 1,000,000 calls"),
        ("{name: plain}", "{name: plain, day: 99999999999999999999}", "day"),
        ("samples: 60", "samples: 60, drift: 2", "a drift between -1 and 1"),
        ("samples: 60", "samples: 60, subjects: 61", "at least one subject"),
        ("samples: 60", "samples: 60, items: {mean: [1, 0], spread: 1, slope: 1}", "mean is the lowest"),
        ("samples: 60", "samples: 60, items: {mean: [0, 0], spread: -1, slope: 1}", "spread is from 0"),
    ],
)
def test_what_is_no_world_is_refused(small_file: Path, old: str, new: str, said: str) -> None:
    small_file.write_text(small_file.read_text().replace(old, new))
    with pytest.raises(InputError, match=said) as error:
        load_world("simulated", small_file)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no-such\.yaml: there is no such file"):
        load_world("simulated", tmp_path / "no-such.yaml")
    for nothing in ("", "- 1\n", "x\n"):
        (tmp_path / "empty.yaml").write_text(nothing)
        with pytest.raises(InputError, match=r"empty\.yaml: it holds no parameters"):
            load_world("simulated", tmp_path / "empty.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"binary\.yaml"):
        load_world("simulated", tmp_path / "binary.yaml")


def test_the_development_world_and_the_rules_are_those_that_were_frozen() -> None:
    """Who changes a threshold after a sealed world was run must freeze, and run, again."""
    import json
    from importlib.resources import files

    from steelyard_forensics.gauntlet.planner import detectors

    frozen = json.loads(files("steelyard_forensics.gauntlet").joinpath("frozen.json").read_text())
    assert frozen["parameters"] == {"simulated.yaml": load_world("simulated").digest}
    assert {f"{name}@{version}" for name, version in frozen["rules"].items()} == set(detectors())
