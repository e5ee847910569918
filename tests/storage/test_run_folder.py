"""The folder of a run: what is sealed is read back, and what is no run is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from steelyard.auditing.conductor import finalize_audit
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import seal_plan
from steelyard.evidence.canonical import without_defaults
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard.planning.samples import Prepared
from steelyard.storage.local_settings import LocalSettings
from steelyard.storage.run_folder import RunFolder
from testkit.plans import measurement, plan
from tests.assets.make_golden import GOLDEN

ASKED = measurement(id="00-sums", task="sums", population=2)
NOTED = LocalSettings(data="/where", tasks=("sums.yaml",))
PREPARED = {ASKED.id: Prepared(measurement=ASKED, samples=(), digests=("a" * 64, "b" * 64))}


@pytest.fixture
def signer(tmp_path: Path) -> KeySigner:
    """A key outside any run."""
    create_key(tmp_path / "keys" / "key.pem")
    return load_signer(tmp_path / "keys" / "key.pem")


def test_what_is_created_is_opened_again(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path / "run", plan(ASKED), PREPARED, None, NOTED)
    assert made == RunFolder.open(tmp_path / "run")
    assert made.plan == plan(ASKED)
    assert made.local_settings() == NOTED
    assert sorted(layout.run_files(made.path)) == [layout.PLAN, layout.samples_of(ASKED.id)]  # nothing else is there
    assert (made.path / layout.samples_of(ASKED.id)).read_text() == f"{'a' * 64}\n{'b' * 64}\n"
    assert not made.is_sealed
    assert RunFolder.open(GOLDEN).is_sealed
    with pytest.raises(InputError, match="is not an empty folder"):
        RunFolder.create(tmp_path / "run", plan(ASKED), PREPARED)


def test_settings_are_never_read_from_the_folder(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path / "run", plan(ASKED, created="2026-01-01"), PREPARED)
    (made.path / "local.json").write_bytes(
        b'{"api_key_env": {"subject": "HOME"}, "models": {"subject": "openai:x@http://y"}}'
    )
    assert made.local_settings() is None


def test_settings_follow_a_run_that_is_moved(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path / "run", plan(ASKED, created="2026-01-02"), PREPARED, None, NOTED)
    moved = RunFolder.open(made.path.rename(tmp_path / "elsewhere"))
    assert moved.local_settings() == NOTED


def test_a_plan_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / layout.PLAN).open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(VerificationError, match="larger than"):
        RunFolder.open(tmp_path)


def test_what_was_left_half_written_is_removed_alone(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path / "run", plan(ASKED), PREPARED)
    before = sorted(layout.run_files(made.path))
    (made.path / f"{layout.SCORES}.partial").write_bytes(b"half")
    (made.path / layout.MEDIA).mkdir()
    (made.path / f"{layout.MEDIA}{'ab' * 32}.partial").write_bytes(b"half")
    made.clear_partial()
    assert sorted(layout.run_files(made.path)) == before


def test_the_key_of_the_plan_seals_the_run(tmp_path: Path, signer: KeySigner) -> None:
    unsigned = RunFolder.create(tmp_path / "unsigned", plan(ASKED), PREPARED)
    assert unsigned.sealing_key(signer, "seal") is None
    signed = RunFolder.create(tmp_path / "signed", plan(ASKED), PREPARED, signer)
    assert signed.signers == (signer.public_key.keyid,)
    assert signed.sealing_key(signer, "go on") is signer
    with pytest.raises(InputError, match=rf"signed by key {signer.public_key.keyid[:16]}…: go on with that one"):
        signed.sealing_key(None, "go on")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document.update(surplus=1), "not a plan of this version"),
        (lambda document: document.update(texts="withheld"), "spells out a field that equals its default"),
        (lambda document: document["models"].clear(), "names no model in the role subject"),
        (lambda document: document["measurements"][0].update(id="../up"), "is not the id of a measurement"),
        (lambda document: document["measurements"].append(document["measurements"][0]), "two measurements have one id"),
    ],
)
def test_a_plan_that_no_version_seals_is_refused(tmp_path: Path, change: object, said: str) -> None:
    assert callable(change)
    document = json.loads(json.dumps(without_defaults(plan(ASKED))))
    change(document)
    (tmp_path / layout.PLAN).write_bytes(seal_plan(document, None))
    with pytest.raises(VerificationError, match=said):
        RunFolder.open(tmp_path)


def test_a_folder_without_a_plan_is_no_run(tmp_path: Path) -> None:
    run = Path(shutil.copytree(GOLDEN, tmp_path / "run"))
    (run / layout.PLAN).unlink()
    with pytest.raises(InputError, match=r"there is no plan\.dsse\.json in it"):
        RunFolder.open(run)


@pytest.mark.parametrize("folder", ["journal", "texts", "media", "samples"])
def test_nothing_is_written_or_removed_through_a_link(tmp_path: Path, folder: str) -> None:
    """A run of a stranger's whose folder is a link to one of the user's: nobody goes on with it."""
    made = RunFolder.create(tmp_path / "run", plan(ASKED), PREPARED)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in ("keys.pem", "main-0000.jsonl", "thesis.txt.partial"):
        (theirs / name).write_text("mine\n")
    if folder == "samples":
        shutil.rmtree(made.path / folder)
    (made.path / folder).symlink_to(theirs)
    with pytest.raises(VerificationError, match=rf"{folder}: a link"):
        made.check_own_files()
    with pytest.raises(VerificationError, match=rf"{folder}: a link"):
        finalize_audit(made)
    assert {path.name: path.read_text() for path in theirs.iterdir()} == {
        "keys.pem": "mine\n",
        "main-0000.jsonl": "mine\n",
        "thesis.txt.partial": "mine\n",
    }
