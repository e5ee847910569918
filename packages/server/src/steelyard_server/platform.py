"""What all handlers share: settings, the database's pool, and what is built on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.attempts import Attempts
    from steelyard_server.access.groups import Groups
    from steelyard_server.access.identities import Identities
    from steelyard_server.access.members import Members
    from steelyard_server.access.people import People
    from steelyard_server.access.request_limit import RequestLimit
    from steelyard_server.access.sheet_limit import SheetLimit
    from steelyard_server.access.tokens import Tokens
    from steelyard_server.comparing.comparisons import Comparisons
    from steelyard_server.database.connection import Database
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.endpoints.rows import Endpoints
    from steelyard_server.http.logs import JsonLog
    from steelyard_server.jobs.dry_runs import DryRuns
    from steelyard_server.jobs.pasting import Pasting
    from steelyard_server.metrics import Metrics
    from steelyard_server.notify.mail_choices import MailChoices
    from steelyard_server.notify.mail_server import MailServers
    from steelyard_server.notify.places import Places
    from steelyard_server.notify.webhooks import Webhooks
    from steelyard_server.oidc.provider import Provider
    from steelyard_server.push.indexing import AnswerIndexes
    from steelyard_server.push.intake import Intake
    from steelyard_server.runs.rows import Runs
    from steelyard_server.settings import ServeSettings
    from steelyard_server.shares.limit import OpenLimit
    from steelyard_server.shares.rows import Shares
    from steelyard_server.suites.calibrating import Judges
    from steelyard_server.suites.decisions import Decisions
    from steelyard_server.suites.intake import SuiteIntake
    from steelyard_server.suites.label_sets import LabelSets
    from steelyard_server.suites.reading import ReaderKeys
    from steelyard_server.suites.rows import Suites

__all__ = ["Platform", "build_platform"]


@dataclass(frozen=True)
class Platform:
    """One serving process; made once, by :func:`build_platform`."""

    settings: ServeSettings
    data: DataFolder
    database: Database
    pool: ConnectionPool
    issuer: str
    people: People
    tokens: Tokens
    members: Members
    groups: Groups
    identities: Identities
    provider: Provider | None
    runs: Runs
    endpoints: Endpoints
    webhook_places: Places
    webhooks: Webhooks
    mail_servers: MailServers
    mail_choices: MailChoices
    shares: Shares
    share_limit: OpenLimit
    request_limit: RequestLimit
    sheet_limit: SheetLimit
    pasting: Pasting
    intake: Intake
    answers: AnswerIndexes
    suites: Suites
    suite_intake: SuiteIntake
    suite_decisions: Decisions
    reader_keys: ReaderKeys
    label_sets: LabelSets
    judges: Judges
    comparisons: Comparisons
    dry_runs: DryRuns
    attempts: Attempts
    metrics: Metrics
    log: JsonLog


def build_platform(
    settings: ServeSettings, data: DataFolder, database: Database, pool: ConnectionPool, log: JsonLog
) -> Platform:
    """Put the parts together."""
    import shutil

    from steelyard_server.access.attempts import Attempts
    from steelyard_server.access.groups import Groups
    from steelyard_server.access.identities import Identities
    from steelyard_server.access.members import Members
    from steelyard_server.access.people import People
    from steelyard_server.access.request_limit import RequestLimit
    from steelyard_server.access.sheet_limit import SheetLimit
    from steelyard_server.access.tokens import Tokens
    from steelyard_server.comparing.comparisons import Comparisons
    from steelyard_server.encryption.key_file import secret_key_file
    from steelyard_server.endpoints.rows import Endpoints
    from steelyard_server.jobs.dry_runs import DryRuns
    from steelyard_server.jobs.pasting import Pasting
    from steelyard_server.metrics import Metrics
    from steelyard_server.notify.mail_choices import MailChoices
    from steelyard_server.notify.mail_server import MailServers
    from steelyard_server.notify.places import Places
    from steelyard_server.notify.webhooks import Webhooks
    from steelyard_server.oidc.provider import Provider
    from steelyard_server.push.indexing import AnswerIndexes
    from steelyard_server.push.intake import Intake
    from steelyard_server.runs.rows import Runs
    from steelyard_server.shares.limit import OpenLimit
    from steelyard_server.shares.rows import Shares
    from steelyard_server.suites.calibrating import Judges
    from steelyard_server.suites.decisions import Decisions
    from steelyard_server.suites.intake import SuiteIntake
    from steelyard_server.suites.label_sets import LabelSets
    from steelyard_server.suites.reading import ReaderKeys
    from steelyard_server.suites.rows import Suites

    suites, label_sets = Suites(pool), LabelSets(pool)
    metrics, runs, key_file = Metrics(), Runs(pool), secret_key_file(data)
    issuer = settings.oidc.issuer if settings.oidc else ""
    metrics.measure_disk(lambda: float(shutil.disk_usage(data.path).free))
    return Platform(
        settings=settings,
        data=data,
        database=database,
        pool=pool,
        issuer=issuer,
        people=People(pool, issuer),
        tokens=Tokens(pool, issuer),
        members=Members(pool, issuer),
        groups=Groups(pool, issuer),
        identities=Identities(pool, issuer),
        provider=Provider(settings.oidc) if settings.oidc else None,
        runs=runs,
        endpoints=Endpoints(pool, key_file),
        webhook_places=Places(pool),
        webhooks=Webhooks(pool, key_file),
        mail_servers=MailServers(pool, key_file),
        mail_choices=MailChoices(pool),
        shares=Shares(pool),
        share_limit=OpenLimit(),
        request_limit=RequestLimit(),
        sheet_limit=SheetLimit(),
        pasting=Pasting(data),
        intake=Intake(data, runs, metrics),
        answers=AnswerIndexes(data),
        suites=suites,
        suite_intake=SuiteIntake(data, suites),
        suite_decisions=Decisions(pool),
        reader_keys=ReaderKeys(pool),
        label_sets=label_sets,
        judges=Judges(data, label_sets),
        comparisons=Comparisons(),
        dry_runs=DryRuns(),
        attempts=Attempts(),
        metrics=metrics,
        log=log,
    )
