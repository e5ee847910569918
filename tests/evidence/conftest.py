"""A small synthetic run, sealed by the same functions that seal real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.evidence.bundle import seal_bundle, seal_plan
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.checkpoints import checkpoint_line
from steelyard.evidence.keys import CryptoSigner, KeySigner, load_signer
from steelyard.evidence.merkle import Tree
from steelyard.evidence.new_key import create_key
from testkit.timestamp_authority import TimestampAuthority

MakeRun = Callable[..., Path]
SEGMENTS = ("journal/main-0000.jsonl", "journal/worker-1-0000.jsonl")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimestampAuthority:
    """A time stamp authority of the tests: its certificates, without a server."""
    return TimestampAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key; its public half lies beside it as key.pub.pem."""
    return create_key(tmp_path_factory.mktemp("keys") / "key.pem").path


@pytest.fixture(scope="session")
def signer(key_path: Path) -> KeySigner:
    return load_signer(key_path)


@pytest.fixture(scope="session")
def make_run() -> MakeRun:
    """``make_run(folder, signer=None, records=40, texts="withheld", extra={})``: write and seal a run there."""
    return _make_run


@pytest.fixture
def run(tmp_path: Path, make_run: MakeRun, signer: CryptoSigner) -> Path:
    """A signed run with its texts sealed."""
    return make_run(tmp_path / "run", signer, texts="sealed", extra={"created": "2026-11-24"})


@pytest.fixture
def unsigned(tmp_path: Path, make_run: MakeRun) -> Path:
    """A run without a signature, its texts withheld but lying there."""
    return make_run(tmp_path / "unsigned")


def _make_run(
    run: Path,
    signer: CryptoSigner | None = None,
    records: int = 40,
    texts: str = "withheld",
    extra: dict[str, Any] | None = None,
) -> Path:
    for folder in (run, run / "journal", run / "samples", run / "texts"):
        folder.mkdir()
    plan = _plan(texts, signer)
    sealed = seal_plan(plan, signer)
    (run / "plan.dsse.json").write_bytes(sealed)
    text_lines: dict[str, bytes] = {}
    segments = {
        SEGMENTS[0]: _segment("main", records // 2, plan, text_lines),
        SEGMENTS[1]: _segment("worker-1", records - records // 2, plan, text_lines),
    }
    checkpoints = [checkpoint_line({SEGMENTS[0]: (0, Tree().root())}, 0, signer)]
    for share in (3, 1):
        sizes = {name: _size_and_root(lines[: max(1, len(lines) // share)]) for name, lines in segments.items()}
        checkpoints.append(checkpoint_line(sizes, 4 - share, signer))
    for name, lines in segments.items():
        (run / name).write_bytes(b"".join(line + b"\n" for line in lines))
    (run / "texts" / "main-0000.jsonl").write_bytes(b"".join(text_lines.values()))
    (run / "checkpoints.jsonl").write_bytes(b"".join(checkpoints))
    (run / "scores.jsonl").write_bytes(b"".join(canonical({"seq": seq, "value": 1.0}) + b"\n" for seq in range(9)))
    (run / "report.json").write_bytes(b'{"verdict":"consistent"}\n')
    (run / "report.md").write_text("# Report\n\nconsistent\nas claimed\n")
    (run / "report.html").write_text("<!doctype html>\n<p>consistent</p>\n<p>as claimed</p>\n")
    (run / "samples" / "row-1.txt").write_text("".join(f"{sha256_hex(bytes([n]))}\n" for n in range(5)))
    (run / "index.db").write_bytes(b"derived")
    (run / "local.json").write_bytes(b"{}")
    seal_bundle(run, extra or {}, signer)
    return run


def _plan(texts: str, signer: CryptoSigner | None) -> dict[str, Any]:
    questions = {} if signer is None else {"q": {"benchmark": "b", "subject": "s", "order_proof": "00"}}
    sheet = {"model": "M", "digest": hashlib.sha256(b"sheet").hexdigest()}
    return {"format": "steelyard-plan/2", "sheet": sheet, "texts": texts, "questions": questions, "alpha": 0.05}


def _segment(worker: str, records: int, plan: dict[str, Any], text_lines: dict[str, bytes]) -> list[bytes]:
    lines: list[bytes] = []
    prev = "0" * 64
    for seq in range(records):
        lines.append(canonical({"seq": seq, "prev": prev, **_record(worker, seq, plan, text_lines)}))
        prev = sha256_hex(lines[-1])
    return lines


def _size_and_root(lines: list[bytes]) -> tuple[int, bytes]:
    tree = Tree()
    for line in lines:
        tree.append(line)
    return tree.size, tree.root()


def _record(worker: str, seq: int, plan: dict[str, Any], text_lines: dict[str, bytes]) -> dict[str, Any]:
    if seq == 0:
        payload = canonical(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"name": "sheet", "digest": {"sha256": plan["sheet"]["digest"]}}],
                "predicateType": "urn:steelyard:predicate:plan:v2",
                "predicate": plan,
            }
        )
        header = {"type": "header", "format": "steelyard-journal/2", "software": "0"}
        return {**header, "plan": sha256_hex(payload), "segment": worker}
    if seq == 1:
        return {"type": "session", "started_us": 1, "active_us": 0, "machine": "m", "pid": 1}
    digests = []
    for text in (f"sample {worker} {seq}", f"answer {seq % 5} – «ü» 😀"):
        digest = sha256_hex(text.encode())
        text_lines[digest] = canonical({"sha256": digest, "text": text}) + b"\n"
        digests.append(digest)
    return attempt_record(worker, seq, *digests)


def attempt_record(measurement: str, position: int, item: str, answer: str) -> dict[str, Any]:
    """An attempt, less its place in a chain."""
    rest = {"logprobs": (-1.5e-7, -3.25, -12.345678), "outcome": "ok", "finish_reason": "stop"}
    place = {"measurement": measurement, "position": position, "sample": f"s/{position}", "repeat": 0, "final": True}
    output = {"answer": answer} if answer else {}
    return {"type": "attempt", "item": item, **output, "request": sha256_hex(item.encode()), **place, **rest}
