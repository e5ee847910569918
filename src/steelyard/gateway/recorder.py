"""Writing calls down: one journal record each, the texts of its bodies by digest, and the counts of the live line."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.gateway.bodies import Kept, decoded, text_of
from steelyard.gateway.exchange_parser import assembled, endpoint_kind, is_stream, read_reply
from steelyard.gateway.secrets import Secrets
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Exchange,
    ModelIdentity,
    ModelOutput,
    Origin,
    Outcome,
    Plan,
    PlannedModel,
)
from steelyard.storage.journal.lines import Session, Stop, new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from steelyard.util.software import software
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner

__all__ = ["ProxiedCall", "Recorder", "recording_plan"]

_MAX_PATH = 200


@dataclass
class ProxiedCall:
    """One call while it passes. Times are ``time.monotonic()`` seconds; ``status`` 0: the endpoint said nothing."""

    path: str
    secrets: Secrets
    began: float = field(default_factory=time.monotonic)
    request: Kept = field(default_factory=Kept)
    request_encoding: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)  # of the reply, whatever their case
    reply: Kept = field(default_factory=Kept)
    first_byte: float = 0.0
    ended: float = 0.0
    fault: ModelOutput | None = None  # what went wrong on the wire: then the bodies are not asked


def recording_plan(base: str, *, with_texts: bool) -> Plan:
    """What is sealed before the first call: which endpoint is recorded. The plan promises no sample."""
    identity = ModelIdentity(uri=f"openai:*@{base}", backend="OpenAI-compatible HTTP, through steelyard gateway")
    return Plan(
        format=PLAN_FORMAT,
        software=software(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        models={SUBJECT: PlannedModel(identity=identity)},
        alpha=0.05,
        origin=Origin(kind="gateway"),
        texts="sealed" if with_texts else "withheld",
    )


class Recorder:
    """The appending side of a recording. ``failure`` is set where the disk takes no more: then nothing may pass."""

    def __init__(self, path: Path, plan: Plan, signer: KeySigner | None = None) -> None:
        self.run = run = RunFolder.create(path, plan, {}, signer)
        self.calls = 0
        self.outcomes: Counter[Outcome] = Counter()
        self.failure: OSError | None = None
        self._texts = Texts(run.path)
        self._journal = Journal.create(run.path, new_header(plan=run.plan_sha256, software=plan.software))
        self._wall_us, self._began = time.time_ns() // 1000, time.monotonic()
        self._dirty = False
        self._journal.append(Session(started_us=self._wall_us, active_us=0, machine=plan.subject.identity.machine))

    def record(self, call: ProxiedCall) -> None:
        """Write one call down."""
        try:
            exchange = self._journal.append(self._exchange(call))
        except OSError as error:
            self.failure = error
            return
        self.calls += 1
        self.outcomes[exchange.outcome] += 1
        self._dirty = True

    async def sync(self) -> None:
        """Force what came since the last time onto the disk, in a thread, so that no call waits for it."""
        if not self._dirty:
            return
        self._dirty = False
        try:
            await asyncio.to_thread(self._texts.sync)
            await asyncio.to_thread(self._journal.sync)
        except OSError as error:
            self.failure = error

    def close(self, reason: str) -> None:
        """Write the stop down and let the folder go; see :meth:`stop` and :meth:`release`."""
        try:
            self.stop(reason)
        finally:
            self.release()

    def stop(self, reason: str) -> None:
        """Write the stop down; safe after a failure, which then stands. The folder stays locked, to be sealed."""
        stop = Stop(reason=reason, active_us=self._since(time.monotonic()), at_us=time.time_ns() // 1000)
        try:
            self._journal.append(stop)
            self._texts.close()
            self._journal.sync()
        except OSError as error:
            self.failure = self.failure or error

    def release(self) -> None:
        """Let go of the folder's lock."""
        self._journal.close()

    def _since(self, moment: float) -> int:
        return int((moment - self._began) * 1e6)

    def _exchange(self, call: ProxiedCall) -> Exchange:
        kind = endpoint_kind(call.path)
        content_type = call.headers.get("Content-Type", "")
        data = call.reply.data
        body = None if data is None else decoded(data, call.headers.get("Content-Encoding", ""))
        answer = call.fault or read_reply(kind, call.status, call.headers, body)
        reply = _kept(call.reply, body, call.secrets)
        if body and call.secrets and is_stream(content_type) and _in_pieces(assembled(kind, body), call.secrets):
            reply = "[a stream that spells out a key piece by piece]"
        sent = call.request.data
        request = _kept(call.request, None if sent is None else decoded(sent, call.request_encoding), call.secrets)
        clean = call.secrets.without
        return Exchange(
            path=one_line(clean(call.path))[:_MAX_PATH],
            request=self._texts.add(request),
            status=call.status,
            outcome=answer.outcome,
            reply=self._texts.add(reply),
            streamed=is_stream(content_type),
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            model=clean(answer.model)[:_MAX_PATH],
            detail=clean(answer.detail),
            started_us=self._wall_us + self._since(call.began),
            first_byte_us=int((call.first_byte - call.began) * 1e6) if call.first_byte else 0,
            elapsed_us=int((call.ended - call.began) * 1e6),
        )


def _kept(body: Kept, plain: bytes | None, secrets: Secrets) -> str:
    """The text of a body without its compression; one that cannot be read might hide a key, and is only named."""
    return body.omitted if plain is None else text_of(plain, secrets)


def _in_pieces(payload: Any, secrets: Secrets) -> bool:
    return isinstance(payload, dict) and secrets.hold(str(payload.get("choices", "")))
