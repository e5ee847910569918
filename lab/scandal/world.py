"""One vendor's world on disk: its claim sheets, its server, and the commands that a buyer would type against it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scandal.server import SOLD_AS
from scandal.vendor import TASKS, Row, limit_of
from steelyard.errors import ExitCode, ModelUnavailable

__all__ = ["TOLERANCE", "Command", "World", "serving"]

TOLERANCE: Final = "3"  # percentage points below a claim that still count as the claim
_CONCLUDED: Final = (ExitCode.CONSISTENT, ExitCode.INCONSISTENT, ExitCode.UNDECIDED)
_WHOLE: Final = "sheet.yaml"
_CUE: Final = "cue.yaml"
# Who suspects a score asks as much beside the claims as about them. The server answers one request at a time.
_ENDPOINT: Final = ("--detect-weight", "0.5", "--concurrency", "4")


@dataclass(frozen=True)
class Command:
    """A command line of Steelyard, and the words that tell a reader what it asks."""

    words: str
    arguments: tuple[str, ...]
    log: Path

    @property
    def line(self) -> str:
        """As a user types it."""
        return " ".join(("steelyard", *self.arguments))


class World:
    """A vendor, its table and the runs about it, in one folder with a key and a ledger of its own."""

    def __init__(self, folder: Path, name: str, rows: Sequence[Row], files: Mapping[str, Path]) -> None:
        self.folder, self.name, self.rows, self.files = folder / name, name, tuple(rows), files
        self.folder.mkdir(parents=True)

    def prepare(self) -> None:
        """Write the sheets and make the auditor's key."""
        self._write_sheet(_WHOLE, self.rows)
        self._write_sheet(_CUE, self._looked_at_rows)
        self.run(Command("a key", ("key", "new", "--out", str(self.folder / "key.pem")), self.folder / "key.log"))

    @property
    def looked_at(self) -> str:
        """The row of which it is asked whether its score depends on looking like the benchmark."""
        tasks = [row.task for row in self.rows]
        return "pattern" if "pattern" in tasks else "reversed_words"

    @property
    def _looked_at_rows(self) -> list[Row]:
        return [row for row in self.rows if row.task == self.looked_at]

    def _write_sheet(self, name: str, rows: Sequence[Row]) -> None:
        claims = (
            f"  - {{task: {row.task}, value: {row.value}, unit: percent, samples: 150, repeats: 1, shots: 3,\n"
            f"     protocol: {{prompt: completion, decoding: greedy, max_tokens: {limit_of(row)}}}}}\n"
            for row in rows
        )
        (self.folder / name).write_text(f"model: {SOLD_AS}\nclaims:\n{''.join(claims)}")

    def endpoint(self, address: str) -> Command:
        """The whole table against the endpoint, with fresh twins and the weights that it should serve."""
        return self._audit(
            "does the endpoint reach the table, also on fresh questions, and is it A?",
            "endpoint",
            _WHOLE,
            f"openai:{SOLD_AS}@{address}",
            *("--model", f"reference=gguf:{self.files['A']}", "--detect", "auto,identity", *_ENDPOINT),
        )

    def cue(self, address: str) -> Command:
        """One row again, under the benchmark's prompt and under another one."""
        return self._audit(
            f"does {self.looked_at} depend on looking like the benchmark?",
            "cue",
            _CUE,
            f"openai:{SOLD_AS}@{address}",
            *("--detect", "cue_gap", *_ENDPOINT),
        )

    def file(self, letter: str) -> Command:
        """The whole table against one file."""
        return self._audit(
            f"does {letter} reach the table?",
            f"file-{letter}",
            _WHOLE,
            f"gguf:{self.files[letter]}",
            *("--accept-model", "--detect", "none"),
        )

    def assemble(self) -> Command:
        """All files against the table."""
        runs = [str(self.folder / f"file-{letter}") for letter in self.files]
        page = ("--html", str(self.folder / "assembled.html"))
        return Command(
            "did one of these files give the whole table?",
            ("assemble", *runs, *page, "--json"),
            self.folder / "assembled.json",
        )

    def _audit(self, words: str, out: str, sheet: str, uri: str, *more: str) -> Command:
        rows = self.rows if sheet == _WHOLE else self._looked_at_rows
        tasks = [part for row in rows for part in ("--task", str(TASKS / f"{row.task}.yaml"))]
        arguments = ("audit", str(self.folder / sheet), *tasks, "--model", uri, *more, "--tolerance", TOLERANCE)
        return Command(words, (*arguments, "--out", str(self.folder / out)), self.folder / f"{out}.log")

    def run(self, command: Command) -> int:
        """Run it as a user would; what it prints goes to its log, errors beside it. Gives the exit code.

        Raises ModelUnavailable, with its last line, where it ends without a conclusion.
        """
        environment = os.environ | {"STEELYARD_KEY": str(self.folder / "key.pem")}
        said = command.log.with_suffix(".err")
        with command.log.open("wb") as out, said.open("wb") as errors:
            code = subprocess.run(
                [sys.executable, "-m", "steelyard", *command.arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                check=False,
            ).returncode
        if code not in _CONCLUDED:
            lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ModelUnavailable(f"{command.arguments[0]} ended with {code}: {lines[-1] if lines else ''} ({said})")
        return code


@contextmanager
def serving(vendor: str, files: Mapping[str, Path], tables: Path) -> Iterator[str]:
    """The address of a vendor's server, in a process of its own; raises ModelUnavailable where it does not start."""
    given = [part for letter, path in files.items() for part in ("--file", f"{letter}={path}")]
    process = subprocess.Popen(
        [sys.executable, "-m", "scandal", "serve", vendor, "--tables", str(tables), *given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        text=True,
    )
    assert process.stdout is not None, "a pipe"
    try:
        address = next((line.split()[1] for line in process.stdout if line.startswith("ADDRESS")), "")
        if not address:
            raise ModelUnavailable(f"the server of the {vendor} vendor did not start: its message is above")
        yield address
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()
