"""What all handlers share: settings, the database's pool, and what is built on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard.server.access.attempts import Attempts
    from steelyard.server.access.groups import Groups
    from steelyard.server.access.identities import Identities
    from steelyard.server.access.members import Members
    from steelyard.server.access.people import People
    from steelyard.server.access.request_limit import RequestLimit
    from steelyard.server.access.sheet_limit import SheetLimit
    from steelyard.server.access.tokens import Tokens
    from steelyard.server.comparing.comparisons import Comparisons
    from steelyard.server.database.connection import Database
    from steelyard.server.database.folder import DataFolder
    from steelyard.server.endpoints.rows import Endpoints
    from steelyard.server.http.logs import JsonLog
    from steelyard.server.jobs.dry_runs import DryRuns
    from steelyard.server.jobs.pasting import Pasting
    from steelyard.server.metrics import Metrics
    from steelyard.server.notify.mail_choices import MailChoices
    from steelyard.server.notify.mail_server import MailServers
    from steelyard.server.notify.places import Places
    from steelyard.server.notify.webhooks import Webhooks
    from steelyard.server.oidc.provider import Provider
    from steelyard.server.push.indexing import AnswerIndexes
    from steelyard.server.push.intake import Intake
    from steelyard.server.runs.rows import Runs
    from steelyard.server.settings import ServeSettings
    from steelyard.server.shares.limit import OpenLimit
    from steelyard.server.shares.rows import Shares
    from steelyard.server.suites.calibrating import Judges
    from steelyard.server.suites.decisions import Decisions
    from steelyard.server.suites.intake import SuiteIntake
    from steelyard.server.suites.label_sets import LabelSets
    from steelyard.server.suites.reading import ReaderKeys
    from steelyard.server.suites.rows import Suites

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

    from steelyard.server.access.attempts import Attempts
    from steelyard.server.access.groups import Groups
    from steelyard.server.access.identities import Identities
    from steelyard.server.access.members import Members
    from steelyard.server.access.people import People
    from steelyard.server.access.request_limit import RequestLimit
    from steelyard.server.access.sheet_limit import SheetLimit
    from steelyard.server.access.tokens import Tokens
    from steelyard.server.comparing.comparisons import Comparisons
    from steelyard.server.encryption.key_file import secret_key_file
    from steelyard.server.endpoints.rows import Endpoints
    from steelyard.server.jobs.dry_runs import DryRuns
    from steelyard.server.jobs.pasting import Pasting
    from steelyard.server.metrics import Metrics
    from steelyard.server.notify.mail_choices import MailChoices
    from steelyard.server.notify.mail_server import MailServers
    from steelyard.server.notify.places import Places
    from steelyard.server.notify.webhooks import Webhooks
    from steelyard.server.oidc.provider import Provider
    from steelyard.server.push.indexing import AnswerIndexes
    from steelyard.server.push.intake import Intake
    from steelyard.server.runs.rows import Runs
    from steelyard.server.shares.limit import OpenLimit
    from steelyard.server.shares.rows import Shares
    from steelyard.server.suites.calibrating import Judges
    from steelyard.server.suites.decisions import Decisions
    from steelyard.server.suites.intake import SuiteIntake
    from steelyard.server.suites.label_sets import LabelSets
    from steelyard.server.suites.reading import ReaderKeys
    from steelyard.server.suites.rows import Suites

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
