"""The deliverer: takes what is due, sends it, and writes down what came of it, until it is stopped.

Several processes may have one: each delivery is leased to one of them at a time.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, SteelyardError
from steelyard.evidence.canonical import canonical
from steelyard_server.encryption.keyring import UnreadableError
from steelyard_server.endpoints.rows import lock_keys
from steelyard_server.events import note_looked_for
from steelyard_server.http.facts import place_of
from steelyard_server.notify.letters import letter_of, subject_of
from steelyard_server.notify.mail_choices import reaches, recipient
from steelyard_server.notify.outbox import Outcome, end_hopeless, record, take_mails, take_webhooks
from steelyard_server.notify.sealed import about_webhook, address_of
from steelyard_server.notify.sending import SECONDS, Parcel, send_all
from steelyard_server.notify.smtp import Letter, send_letters

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

    from steelyard_server.encryption.key_file import SecretKeyFile
    from steelyard_server.endpoints.addresses import OwnPlaces
    from steelyard_server.http.logs import JsonLog
    from steelyard_server.notify.mail_server import MailServers
    from steelyard_server.notify.outbox import Delivery

__all__ = ["Deliverer", "Timing", "body_of"]

_AT_ONCE: Final = 40
_MAILS_AT_ONCE: Final = 5


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How often the outbox is looked at, how long a lease of it lasts, and how often for what no transaction tells."""

    poll_seconds: float = 3.0
    lease_seconds: float = 60.0
    mail_lease_seconds: float = 300.0
    look_seconds: float = 3_600.0
    attempt_seconds: float = SECONDS


class Deliverer:
    """Sends webhooks and mail. ``base_url`` is what links begin with, ``issuer`` that of roles by group."""

    def __init__(
        self,
        pool: ConnectionPool,
        key_file: SecretKeyFile,
        mail: MailServers,
        own: Callable[[], OwnPlaces],
        *,
        base_url: str,
        issuer: str = "",
        log: JsonLog,
        timing: Timing | None = None,
    ) -> None:
        self._pool = pool
        self._key_file = key_file
        self._mail = mail
        self._find_own = own
        self._own: OwnPlaces | None = None
        self._base_url = base_url
        self._issuer = issuer
        self._log = log
        self._timing = timing or Timing()
        self._looked = -self._timing.look_seconds

    def run(self, stop: threading.Event) -> None:
        """Deliver until ``stop``; what fails is logged, and tried again. Slow mail keeps no webhook waiting."""
        mails = threading.Thread(target=self._repeat, args=(self.deliver_mails, stop), name="mails", daemon=True)
        mails.start()
        self._repeat(self.deliver_webhooks, stop)
        mails.join()

    def deliver_webhooks(self) -> int:
        """Send the webhooks that are due now, at one time; how many that were."""
        with self._pool.connection() as connection:
            if time.monotonic() - self._looked >= self._timing.look_seconds:
                note_looked_for(connection)
                self._looked = time.monotonic()
            end_hopeless(connection)
            found = take_webhooks(connection, self._timing.lease_seconds, _AT_ONCE)
        if found:
            self._send_webhooks(found)
        return len(found)

    def deliver_mails(self) -> int:
        """Send a few of the mails that are due now; how many that were."""
        with self._pool.connection() as connection:
            found = take_mails(connection, self._timing.mail_lease_seconds, _MAILS_AT_ONCE)
        if found:
            self._send_mails(found)
        return len(found)

    def _repeat(self, deliver: Callable[[], int], stop: threading.Event) -> None:
        is_failing = False
        while not stop.is_set():
            try:
                while deliver() and not stop.is_set():
                    pass
                is_failing = False
            except Exception as error:  # its text may quote anything
                if not is_failing:
                    reason = f"{type(error).__name__} {place_of(error)}"
                    self._log.write("warning", "notifications are not delivered: trying again", reason=reason)
                is_failing = True
            stop.wait(self._timing.poll_seconds)

    def _own_places(self) -> OwnPlaces:
        if self._own is None:
            self._own = self._find_own()
        return self._own

    # ── webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _send_webhooks(self, deliveries: list[Delivery]) -> None:
        prepared: list[tuple[Delivery, Parcel]] = []
        for delivery in deliveries:
            try:
                with self._pool.connection() as connection:
                    prepared.append((delivery, self._parcel(connection, delivery)))
            except InputError as error:
                self._note(delivery, Outcome(problem=str(error)[:300]), is_webhook=True)
        if not prepared:
            return
        sending = send_all([parcel for _, parcel in prepared], self._own_places(), seconds=self._timing.attempt_seconds)
        for (delivery, _), outcome in zip(prepared, asyncio.run(sending), strict=True):
            self._note(delivery, outcome, is_webhook=True)

    def _parcel(self, connection: psycopg.Connection[Any], delivery: Delivery) -> Parcel:
        """What is sent; raises InputError where its place is not allowed any more, or no secret can be read."""
        lock_keys(connection)
        row = connection.execute(
            "SELECT w.scheme, w.host, w.port, w.path, EXISTS (SELECT FROM steelyard.webhook_place p WHERE "
            "(p.scheme, p.host, p.port) = (w.scheme, w.host, w.port) AND p.retired_at IS NULL) "
            "FROM steelyard.webhook w WHERE w.id = %s",
            (delivery.receiver,),
        ).fetchone()
        assert row is not None
        scheme, host, port, path, is_allowed = row
        if not is_allowed:
            raise InputError("the server's administrators do not allow this address any more")
        url = address_of(scheme, host, port, path)
        sealed = connection.execute(
            "SELECT sealed FROM steelyard.webhook_key WHERE webhook_id = %s AND sealed IS NOT NULL "
            "AND (ends_at IS NULL OR ends_at > now()) ORDER BY id DESC",
            (delivery.receiver,),
        ).fetchall()
        ring, about = self._key_file.keyring(), about_webhook(delivery.receiver, url)
        try:
            secrets = tuple(ring.decrypt(each, about) for (each,) in sealed)
        except UnreadableError:
            secrets = ()
        if not secrets:
            raise InputError("its secret cannot be read with the secret key that is here: make another one")
        return Parcel(host, port, url, delivery.message, body_of(delivery, self._base_url), secrets)

    # ── mail ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _send_mails(self, deliveries: list[Delivery]) -> None:
        try:
            server = self._mail.use()
        except SteelyardError as error:
            for delivery in deliveries:
                self._note(delivery, Outcome(problem=str(error)[:300]), is_webhook=False)
            return
        prepared: list[tuple[Delivery, Letter]] = []
        for delivery in deliveries:
            with self._pool.connection() as connection:
                to = recipient(connection, delivery.receiver)
                is_reached = reaches(connection, delivery.receiver, delivery.project_id, self._issuer)
            if not to or not is_reached or server is None:
                problem = "no mail is sent any more" if server is None else "this person gets no mail of it any more"
                self._note(delivery, Outcome(problem=problem, is_final=True), is_webhook=False)
                continue
            data = json.loads(delivery.data)
            text = letter_of(delivery.kind, data, self._base_url)
            prepared.append((delivery, Letter(to, subject_of(delivery.kind, data), text, delivery.message)))
        if prepared and server is not None:
            outcomes = send_letters(server, [letter for _, letter in prepared], self._own_places())
            for (delivery, _), outcome in zip(prepared, outcomes, strict=True):
                self._note(delivery, outcome, is_webhook=False)

    def _note(self, delivery: Delivery, outcome: Outcome, *, is_webhook: bool) -> None:
        with self._pool.connection() as connection:
            is_written = record(connection, delivery, outcome, is_webhook=is_webhook)
        if is_written:
            self._log.write(
                "info" if not outcome.problem else "warning",
                "webhook" if is_webhook else "mail",
                delivery=delivery.id,
                attempt=delivery.attempt,
                kind=delivery.kind,
                status=outcome.status or 0,
                problem=outcome.problem,
            )


def body_of(delivery: Delivery, base_url: str) -> bytes:
    """The body of a webhook: kind, moment and data, whose ``url`` is the page to look at; the same at each attempt."""
    data: dict[str, Any] = json.loads(delivery.data)
    data["url"] = base_url + str(data.pop("path", "/"))
    at = delivery.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return canonical({"data": data, "timestamp": at, "type": delivery.kind})
