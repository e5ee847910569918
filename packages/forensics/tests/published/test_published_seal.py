"""A sealed result of published outputs verifies alone, and what was changed in it is named."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.envelope import open_envelope, seal
from steelyard.evidence.keys import KeySigner, load_signer
from steelyard.evidence.new_key import create_key
from steelyard.evidence.order import Prover
from steelyard.records import ModelIdentity
from steelyard_forensics.published.bets import ALPHA, BAR, REQUANTISED, SHOWN
from steelyard_forensics.published.outputs import PublishedOutputs, decided_again
from steelyard_forensics.published.seal import SEAL, open_outputs, seal_outputs
from steelyard_forensics.sealed.rows import OutputShares, OutputSurprise, PublishedRow, Reading


def outputs(reading: Reading | None = None) -> PublishedOutputs:
    """A log of two benchmarks, of which one was written by other weights."""
    rows = [
        PublishedRow(
            task=task, measurement=f"{at:02d}-{task}", chat=False, texts=90, held=90, planned=90,
            samples=tuple(
                OutputShares(sample=f"{task}/{number}", own=share, whole=share, others=dict.fromkeys(REQUANTISED, 0.5))
                for number in range(count)
            ),
        )
        for at, (task, share, count) in enumerate((("a", 1.0, 59), ("b", 0.5, 21)))
    ]  # fmt: skip
    return PublishedOutputs(
        run="run",
        harness="h 1",
        model="m",
        answers_root="01" * 32,
        reference=ModelIdentity(uri="gguf:a.gguf", sha256="cd" * 32),
        reading=reading or Reading(secret="5eed"),
        alpha=ALPHA,
        bar=BAR,
        shown=SHOWN,
        rows=decided_again(rows),
    )


def drawn_outputs() -> PublishedOutputs:
    """A log of one benchmark whose outputs a requantisation drew."""
    row = PublishedRow(
        task="a", measurement="00-a", chat=False, texts=90, held=90, planned=90, temperature=0.7,
        drawn=tuple(
            OutputSurprise(sample=f"a/{at}", tokens=40, surprise=0.6, gains={"Q2_K": 9.5, "Q3_K_M": -1.0})
            for at in range(9)
        ),
    )  # fmt: skip
    return msgspec.structs.replace(outputs(), rows=decided_again([row]))


def read_by(signer: KeySigner) -> PublishedOutputs:
    """The same, in the order that a key gives."""
    found = outputs()
    proof, secret = Prover(signer).reading(found.answers_root, found.reference.sha256)
    return outputs(Reading(secret=secret, proof=proof))


def test_it_verifies_alone_and_says_who_signed(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    seal_outputs(tmp_path / "plain", outputs(), None)
    signer = load_signer(tmp_path / "key.pem")
    seal_outputs(tmp_path / "signed", read_by(signer), signer)
    assert open_outputs(tmp_path / "plain") == (outputs(), "", False)
    opened = open_outputs(tmp_path / "signed", tmp_path / "key.pub.pem")
    assert opened.trusted
    assert len(opened.signed_by) == 64
    with pytest.raises(VerificationError, match="not signed"):
        open_outputs(tmp_path / "plain", tmp_path / "key.pub.pem")


def bent(document: dict[str, Any], change: str) -> None:
    """Change one thing, as somebody would who seals it again."""
    found = document["predicate"]["outputs"]
    row = found["rows"][1]
    if change == "word":
        row["word"] = "consistent"
    elif change == "p":
        row["p"] = 0.5
    elif change == "share of an output":
        row["samples"][0]["own"] = 1.0
    elif change == "no share":
        row["samples"][0]["own"] = 7.0
    elif change == "a row left out":
        del found["rows"][0]
    elif change == "level":
        found["alpha"] = 0.5
    elif change == "bar":
        found["bar"] = 0.1
    elif change == "weights":
        found["reference"]["sha256"] = "ab" * 32
    elif change == "answers":
        found["answers_root"] = "ab" * 32
    elif change == "default":
        document["predicate"]["signer"] = ""
    elif change == "format":
        document["predicate"]["format"] = "steelyard-published-outputs/2"
    elif change == "kind":
        document["predicateType"] = "urn:steelyard:predicate:plan:v2"
    elif change == "signer":
        document["predicate"]["signer"] = "12" * 32
    elif change == "proof without a key":
        found["reading"]["proof"] = "12" * 80
    elif change == "no rows":
        found["rows"] = []
    elif change == "a text twice":
        row["samples"][1] = row["samples"][0]
    elif change == "more than there is":
        row["texts"] = 3
    elif change == "interval":
        row["ci"] = [0.0, 0.1]


CHANGES = [
    "word", "p", "share of an output", "no share", "a row left out", "level", "bar", "weights", "answers", "default",
    "format", "kind", "signer", "interval", "proof without a key", "no rows", "a text twice", "more than there is",
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 1.5}, "of this temperature"),
        ({"temperature": 0.0}, "greedy texts are read by their shares"),
        ({"word": "consistent"}, "does not follow"),
        ({"share": 0.5}, "does not follow"),
        ({"better": 3}, "does not follow"),
        ({"samples": [{"sample": "b", "own": 1.0}]}, "greedy texts are read by their shares"),
        ({"gains": {"Q2_K": -9.5, "Q3_K_M": -1.0}}, "does not follow"),
        ({"gains": {"Q2_K": 9.5}}, "is missing"),
        ({"tokens": 1}, "too few tokens"),
        ({"surprise": 3.0}, "no reading gives"),
    ],
)
def test_what_was_changed_of_drawn_outputs_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    seal_outputs(tmp_path / "run", drawn_outputs(), None)
    assert open_outputs(tmp_path / "run").outputs.rows[0].word.value == "inconsistent"
    place = tmp_path / "run" / SEAL
    document = json.loads(json.dumps(open_envelope(place.read_bytes(), SEAL)[0]))
    row = document["predicate"]["outputs"]["rows"][0]
    of_a_text = not change.keys() <= {"temperature", "word", "share", "better", "samples"}
    (row["drawn"][2] if of_a_text else row).update(change)
    if not row["temperature"]:
        del row["temperature"]
    place.write_bytes(seal(document, None))
    with pytest.raises(VerificationError, match=message):
        open_outputs(tmp_path / "run")


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_and_sealed_again_is_refused(tmp_path: Path, change: str) -> None:
    seal_outputs(tmp_path / "run", outputs(), None)
    place = tmp_path / "run" / SEAL
    document, _ = open_envelope(place.read_bytes(), SEAL)
    document = json.loads(json.dumps(document))
    bent(document, change)
    place.write_bytes(seal(document, None))
    with pytest.raises(VerificationError):
        open_outputs(tmp_path / "run")


def test_a_changed_byte_of_a_signed_result_is_refused(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    seal_outputs(tmp_path / "run", read_by(signer), signer)
    place, drawn = tmp_path / "run" / SEAL, random.Random(20261127)
    data = place.read_bytes()
    for _ in range(60):
        at = drawn.randrange(len(data))
        other = bytes([data[at] ^ (1 << drawn.randrange(7))])
        place.write_bytes(data[:at] + other + data[at + 1 :])
        with pytest.raises(VerificationError):
            open_outputs(tmp_path / "run")


def test_a_file_more_and_a_folder_that_is_there_are_refused(tmp_path: Path) -> None:
    seal_outputs(tmp_path / "run", outputs(), None)
    (tmp_path / "run" / "more.txt").write_text("x")
    with pytest.raises(VerificationError, match="added"):
        open_outputs(tmp_path / "run")
    with pytest.raises(InputError, match="not an empty folder"):
        seal_outputs(tmp_path / "run", outputs(), None)
    with pytest.raises(InputError, match="not the folder"):
        open_outputs(tmp_path)
    golden = Path(__file__).parents[4] / "tests" / "assets" / "golden"
    with pytest.raises(InputError, match="inside the folder of a run"):
        seal_outputs(golden / "more", outputs(), None)
    assert msgspec.to_builtins(outputs().exit) == 1


def test_the_order_of_reading_is_the_keys_own(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    signer = load_signer(tmp_path / "key.pem")
    drawn = msgspec.structs.replace(read_by(signer), reading=Reading(secret="5eed"))
    seal_outputs(tmp_path / "drawn", drawn, signer)
    with pytest.raises(VerificationError, match="does not go with its signature"):
        open_outputs(tmp_path / "drawn")
    reading = msgspec.structs.replace(read_by(signer).reading, secret="5eed")
    seal_outputs(tmp_path / "other", msgspec.structs.replace(drawn, reading=reading), signer)
    with pytest.raises(VerificationError, match="not the one that its key gives"):
        open_outputs(tmp_path / "other")
