"""A sealed result: what it says when it is changed, by anybody or by whoever sealed it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from packages.forensics.tests.panel_runs import detection_of, drawn_detection, sealed
from steelyard.errors import ExitCode, InputError, SteelyardError, VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.keys import load_signer, public_key_path
from steelyard.evidence.new_key import create_key
from steelyard.records import VerdictWord
from steelyard_forensics.api.detect import verify_detection
from steelyard_forensics.panels.detection import SEAL, is_detection, open_detection, seal_detection


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    create_key(folder / "key.pem")
    sealed(folder / "result", load_signer(folder / "key.pem"), families=4)
    return folder / "result"


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def test_it_verifies_alone(whole: Path) -> None:
    assert is_detection(whole)
    found = verify_detection(whole)
    assert found.exit_code == ExitCode.CONSISTENT
    assert (found.held, found.unheld, found.trusted) == (0, 5, False)
    assert found.signed_by
    assert found.detection.result.word is VerdictWord.NOT_TESTABLE


def test_random_changes_of_any_file_are_named(whole: Path, tmp_path: Path) -> None:
    """200 changes: a byte, a line that is gone or doubled, a file that is gone, added or put in another's place."""
    chance = random.Random(16)
    names = sorted(each.relative_to(whole).as_posix() for each in whole.rglob("*") if each.is_file())
    for number in range(200):
        name = chance.choice([SEAL, *chance.sample(names, 3)])
        folder = tmp_path / "c"
        shutil.copytree(whole, folder)
        file, kind = folder / name, number % 5
        data = file.read_bytes()
        at = chance.randrange(len(data))
        lines = data.splitlines(keepends=True)
        if kind == 0:
            file.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
        elif kind == 1:
            file.write_bytes(b"".join(lines[:-1]))
        elif kind == 2:
            file.write_bytes(data + lines[-1])
        elif kind == 3:
            file.unlink()
        else:
            (file.parent / f"{number:016x}.jsonl").write_bytes(data)
        with pytest.raises(SteelyardError) as error:
            verify_detection(folder)
        named = file.name if kind < 4 else f"{number:016x}.jsonl"
        assert named in str(error.value), (name, kind)
        shutil.rmtree(folder)


def test_another_result_or_setting_that_is_sealed_again_does_not_follow(tmp_path: Path) -> None:
    detection, extracts = drawn_detection(3)
    result, first = detection.result, detection.read[0]
    changes = {
        "word": replace(detection, result=replace(result, word=VerdictWord.CONSISTENT)),
        "p": replace(detection, result=replace(result, p=0.01)),
        "alpha": replace(detection, alpha=0.01),
        "families": replace(detection, panel=replace(detection.panel, families=61)),
        "task": replace(detection, settings={"task": "none", "twin_task": "twins"}),
        "family": replace(detection, read=(replace(first, family="family 2"), *detection.read[1:])),
        "itself": replace(detection, read=(replace(first, subject=detection.tested[0].subject), *detection.read[1:])),
    }
    for name, changed in changes.items():
        seal_detection(tmp_path / name, changed, extracts, None)
        with pytest.raises(VerificationError):
            verify_detection(tmp_path / name)


def test_a_run_that_is_dropped_is_missed(tmp_path: Path) -> None:
    """Whoever leaves out a family that speaks for the model changes the number of runs that the panel has."""
    detection, extracts = drawn_detection(61)
    gone = detection.read[0]
    left = {name: data for name, data in extracts.items() if name != gone.extract}
    smaller = detection_of(detection.tested[0], detection.read[1:], left)
    seal_detection(tmp_path / "r", replace(smaller, panel=detection.panel), left, None)
    with pytest.raises(VerificationError, match="is not the panel that it names"):
        verify_detection(tmp_path / "r")


def test_scores_that_are_changed_and_sealed_again_change_the_result(tmp_path: Path) -> None:
    """Alone the folder holds then: that the extract is not the run's is seen by who has the run."""
    detection, extracts = drawn_detection(levels=(0.95, 0.6))
    tested = detection.tested[0]
    better = extracts[tested.extract].replace(
        b'"high":0,"low":0,"measurement":"01-twins"', b'"high":1,"low":1,"measurement":"01-twins"'
    )
    changed = replace(tested, sha256=sha256_hex(better))
    kept = {**extracts, tested.extract: better}
    seal_detection(tmp_path / "r", replace(detection, tested=(changed,)), kept, None)
    with pytest.raises(VerificationError, match="result"):
        verify_detection(tmp_path / "r")
    fitting = detection_of(changed, detection.read, kept)
    seal_detection(tmp_path / "s", fitting, kept, None)
    assert verify_detection(tmp_path / "s").unheld == 61


def test_signatures(tmp_path: Path) -> None:
    keys = []
    for name in ("mine", "other"):
        create_key(tmp_path / f"{name}.pem")
        keys.append(tmp_path / f"{name}.pem")
    sealed(tmp_path / "r", load_signer(keys[0]), families=3)
    found = open_detection(tmp_path / "r", public_key_path(keys[0]))
    assert found.trusted
    assert found.signed_by
    with pytest.raises(VerificationError, match="required is a signature"):
        open_detection(tmp_path / "r", public_key_path(keys[1]))
    unsigned, extracts = drawn_detection(3)
    seal_detection(tmp_path / "u", unsigned, extracts, None)
    with pytest.raises(VerificationError, match="not signed; required"):
        open_detection(tmp_path / "u", public_key_path(keys[0]))
    document = (tmp_path / "r" / SEAL).read_bytes()
    (tmp_path / "u" / SEAL).write_bytes(document)
    assert open_detection(tmp_path / "u").signed_by == found.signed_by  # of the same extracts: it is that result
    envelope = json.loads(document)
    envelope["signatures"] = []
    (tmp_path / "u" / SEAL).write_bytes(canonical(envelope))
    with pytest.raises(VerificationError, match="is missing"):
        open_detection(tmp_path / "u")


def test_a_link_and_a_folder_that_is_not_empty(copy: Path, tmp_path: Path) -> None:
    file = next((copy / "panel").iterdir())
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VerificationError, match="a link"):
        open_detection(copy)
    with pytest.raises(InputError, match="not an empty folder"):
        seal_detection(copy, *drawn_detection(3), None)
    with pytest.raises(InputError, match="not the folder of a sealed result"):
        open_detection(tmp_path)


def test_a_rule_of_another_version_is_not_recomputed(tmp_path: Path) -> None:
    detection, extracts = drawn_detection(3)
    seal_detection(tmp_path / "r", replace(detection, rule="later@7"), extracts, None)
    found = verify_detection(tmp_path / "r")
    assert found.not_recomputed == "later@7"
    assert found.exit_code == ExitCode.UNDECIDED


def test_the_seal_is_canonical(whole: Path, copy: Path) -> None:
    document = json.loads((whole / SEAL).read_bytes())
    assert canonical(document) == (whole / SEAL).read_bytes()
    (copy / SEAL).write_text(json.dumps(document))
    with pytest.raises(VerificationError, match=SEAL):
        open_detection(copy)
