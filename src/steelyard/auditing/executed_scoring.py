"""Marks that are made by an act, such as running model-written code: once, in threads, and then kept in the journal."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from steelyard.errors import SteelyardError
from steelyard.plugins import Scorer
from steelyard.records import Attempt, ModelOutput, RecordedScore, Sample

__all__ = ["ExecutedScoring"]


class ExecutedScoring:
    """Runs acting scorers, as many at a time as there are processors; each answer is marked once."""

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        self._scorers = scorers
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False

    async def act(self, attempt: Attempt, sample: Sample, answer: ModelOutput) -> RecordedScore:
        """Mark one answer in a thread. Where the scorer itself fails the mark has no value: the answer is missing."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="steelyard-marking")
        scorer = self._scorers[attempt.row]
        began = time.monotonic()
        try:
            mark = await asyncio.get_running_loop().run_in_executor(self._pool, scorer.score, sample, answer)
        except SteelyardError as error:  # one line of our own, with the mend
            mark, note = None, str(error)
        except Exception as error:
            mark, note = None, f"the scorer failed: {type(error).__name__}"
        if self._closed:  # cut off by us: this says nothing of the answer, which a resume marks
            raise asyncio.CancelledError
        return RecordedScore(
            row=attempt.row,
            sample=attempt.sample,
            repeat=attempt.repeat,
            scorer=scorer.identifier,
            value=None if mark is None else mark.value,
            parsed=mark is not None and mark.parsed,
            note=note if mark is None else mark.note[:300],
            elapsed_us=int((time.monotonic() - began) * 1e6),
        )

    def close(self) -> None:
        """End what still runs, without waiting for it: Python itself waits for the threads before a process ends."""
        self._closed = True
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for scorer in self._scorers.values():
                if stop := getattr(scorer, "stop", None):
                    stop()
