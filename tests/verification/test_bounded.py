"""What a hostile bundle costs its reader: giants, bombs of JSON and endless lines are refused within 200 MB."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from steelyard.evidence.canonical import canonical
from steelyard.evidence.envelope import PAYLOAD_TYPE
from testkit.resealing import reseal
from tests.assets.make_golden import GOLDEN

FILES = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file())
GIGABYTE = 1 << 30
MEGABYTES = 200
DEEP = b"[" * 7_000_000 + b"]" * 7_000_000
BOMBS = {
    "deep": DEEP,
    "deep objects": b'{"a":' * 2_000_000 + b"0" + b"}" * 2_000_000,
    "wide": b"[" + b"0," * 7_000_000 + b"0]",
    "empty lists": b"[" + b"[]," * 4_000_000 + b"[]]",
    "objects": b"[" + b'{"a":0},' * 1_800_000 + b"0]",
    "words": b"[" + b'"ab",' * 2_900_000 + b"0]",
    "a long number": b"9" * 14_000_000,
    "a long fraction": b"0." + b"3" * 14_000_000,
    "an unfinished word": b'"' + b"x" * 14_000_000,
    "almost too many words": b"[" + b'"ab",' * 899_000 + b"0]",
    "almost too many objects": b"[" + b'{"a":0},' * 99_000 + b'"abc",' * 800_000 + b"0]",
    "escapes": b'"' + b"\\u0000" * 2_300_000 + b'"',
}


# Verifies each bundle that it is told of. The most memory counts from one bundle to the next, and what its parent had
# is not in it, as it is in ru_maxrss.
VERIFIER = """
import contextlib, ctypes, gc, io, json, re, sys
from steelyard.cli import execute
for line in sys.stdin:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what an earlier bundle took is given back
    open("/proc/self/clear_refs", "w").write("5")
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
        code = execute(["verify", line.rstrip()])
    most = int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
    print(json.dumps([code, said.getvalue(), most >> 10]), flush=True)
"""


@contextmanager
def verifying() -> Iterator[subprocess.Popen[str]]:
    """A process that reads the bundles that it is told of, and nothing else."""
    wide = os.environ | {"COLUMNS": "400"}  # the progress line names the folder, which may be long
    with subprocess.Popen(
        [sys.executable, "-c", VERIFIER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=wide
    ) as process:
        yield process


@pytest.fixture(scope="module")
def verifier() -> Iterator[subprocess.Popen[str]]:
    """One process for most bundles of this module: a start costs more than most of them."""
    with verifying() as process:
        yield process


def refused(verifier: subprocess.Popen[str], bundle: Path) -> tuple[int, str, int]:
    """The exit code of ``steelyard verify``, its error, and the most memory that it had, in megabytes."""
    assert verifier.stdin is not None
    assert verifier.stdout is not None
    verifier.stdin.write(f"{bundle}\n")
    verifier.stdin.flush()
    code, said, megabytes = json.loads(verifier.stdout.readline())
    return code, said, megabytes


def check_refused(verifier: subprocess.Popen[str], bundle: Path, name: str) -> None:
    code, said, megabytes = refused(verifier, bundle)
    assert code == 1, said
    assert name.rpartition("/")[2].partition(".")[0] in said
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 2  # the first is the progress line
    assert len(said) < 600
    assert megabytes <= MEGABYTES


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_gigabyte(verifier: subprocess.Popen[str], bundle: Path, name: str) -> None:
    os.truncate(bundle / name, GIGABYTE)  # sparse: it costs its sender nothing
    check_refused(verifier, bundle, name)


@pytest.mark.parametrize("name", ["report.json", "scores.jsonl", "samples/00-sums.txt", "journal/main-0000.jsonl"])
def test_a_file_that_is_one_line_without_end(verifier: subprocess.Popen[str], bundle: Path, name: str) -> None:
    with (bundle / name).open("r+b") as file:
        file.truncate(0)
        file.write(b'{"a":"')
        file.truncate(GIGABYTE)
    check_refused(verifier, bundle, name)


def enveloped(payload: bytes) -> bytes:
    return canonical({"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE, "signatures": []})


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_in_an_envelope(verifier: subprocess.Popen[str], bundle: Path, bomb: str) -> None:
    name = "plan.dsse.json" if len(bomb) % 2 else "bundle.dsse.json"
    (bundle / name).write_bytes(enveloped(BOMBS[bomb][: 10 << 20]))
    check_refused(verifier, bundle, name)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_in_the_sealed_report(verifier: subprocess.Popen[str], unsigned: Path, bomb: str) -> None:
    (unsigned / "report.json").write_bytes(BOMBS[bomb] + b"\n")
    check_refused(verifier, reseal(unsigned), "report.json")


@pytest.mark.parametrize("bomb", ["deep", "empty lists", "an unfinished word"])
def test_a_bomb_among_the_sealed_scores(verifier: subprocess.Popen[str], unsigned: Path, bomb: str) -> None:
    path = unsigned / "scores.jsonl"
    path.write_bytes(BOMBS[bomb][: 1 << 19] + b"\n" + path.read_bytes())
    check_refused(verifier, reseal(unsigned), "scores.jsonl")


@pytest.mark.parametrize("bomb", ["deep", "wide", "a long number", "escapes"])
@pytest.mark.parametrize("name", ["checkpoints.jsonl", "journal/main-0000.jsonl", "texts/main-0000.jsonl"])
def test_a_bomb_on_a_line(verifier: subprocess.Popen[str], bundle: Path, name: str, bomb: str) -> None:
    with (bundle / name).open("ab") as file:
        file.write(BOMBS[bomb] + b"\n")
    check_refused(verifier, bundle, name)


def test_a_text_in_the_widest_letters(unsigned: Path) -> None:
    text = canonical("😀" + "x" * (14 << 20))
    with (unsigned / "texts" / "main-0000.jsonl").open("ab") as file:
        file.write(b'{"sha256":"%s","text":%s}\n' % (b"0" * 64, text))
    with verifying() as fresh:
        check_refused(fresh, unsigned, "texts/main")
