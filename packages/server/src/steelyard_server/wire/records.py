"""What the HTTP API takes and gives, as frozen records: its OpenAPI document is generated from these.

Answers name every field. A client ignores fields that it does not know, so that a later version may add some.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct
from msgspec import UnsetType as Unset

from steelyard.records import Record, VerdictWord
from steelyard_server.access.callers import Role
from steelyard_server.runs.summary import RunKind

__all__ = [
    "MAX_PAGE",
    "ApiRecord",
    "CallsTaken",
    "ClaimVerdict",
    "EndpointNames",
    "Exit",
    "HealthStatus",
    "ModelItem",
    "ModelPage",
    "ModelQuery",
    "Moment",
    "OtherTry",
    "ProblemDetails",
    "ProjectList",
    "ProjectRole",
    "PushReceipt",
    "RunItem",
    "RunPage",
    "RunQuery",
    "RunVerdict",
    "SuiteReceipt",
    "TokenIdentity",
    "VerificationNote",
    "Word",
]

MAX_PAGE: Final = 100

Seal = Annotated[str, Meta(description="SHA-256 of the run's seal, hexadecimal: it names the run.")]
Exit = Annotated[
    Literal[0, 1, 3, 4],
    Meta(description="Exit code of the run's verdict: 0 good, 1 inconsistent or red, 3 undecided, 4 answers missing."),
]
VerifiedExit = Annotated[
    Literal[0, 3], Meta(description="0 where all of the run was verified here, 3 where something could not be.")
]
ScoresTaken = Annotated[
    int, Meta(ge=0, description="How many scores were taken as sealed, not computed here: whoever sealed chose them.")
]
Moment = Annotated[datetime, Meta(tz=True)]
Word = Annotated[VerdictWord | None, Meta(description="The verdict; null where the run only measures.")]

# Those of VerdictWord, and that of a run without a verdict.
WordAsked = Literal[
    "inconsistent", "consistent", "unverifiable", "insufficient_power", "not_testable", "not_tested", "none"
]


class ApiRecord(Struct, frozen=True, kw_only=True):
    """The base of every answer."""


class ProblemDetails(ApiRecord, frozen=True, kw_only=True):
    """What is wrong, and how to fix it (RFC 9457)."""

    type: Annotated[str, Meta(description="Always about:blank: the status says which kind of problem it is.")]
    title: Annotated[str, Meta(description="The status in words.")]
    status: int
    detail: Annotated[str, Meta(description="One line.")]


class HealthStatus(ApiRecord, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["alive"]


class ProjectRole(ApiRecord, frozen=True, kw_only=True):
    """A project, and the role of the token's person in it at this moment."""

    name: str
    role: Role


class ProjectList(ApiRecord, frozen=True, kw_only=True):
    """The projects in which the token works: one."""

    projects: list[ProjectRole]


class TokenIdentity(ApiRecord, frozen=True, kw_only=True):
    """Whose token this is, and what it may do."""

    token: Annotated[int, Meta(description="Its number, which the audit log names.")]
    person: str
    scopes: list[str]
    project: Annotated[ProjectRole | None, Meta(description="null for a token of the server's, and without a role.")]


class EndpointNames(ApiRecord, frozen=True, kw_only=True):
    """The endpoints that the server may call, by name, without those that are retired."""

    endpoints: list[str]


class RunItem(ApiRecord, frozen=True, kw_only=True):
    """A run in a list."""

    seal: Seal
    url: Annotated[str, Meta(description="The run's page, for people.")]
    kind: Annotated[RunKind, Meta(description="What was asked of the model.")]
    subject: Annotated[str, Meta(description="The model that was tested, as the run's claims or plan name it.")]
    verdict: Word
    headline: Annotated[str, Meta(description="The verdict in a sentence.")]
    exit: Exit
    verified_exit: VerifiedExit
    scores_taken: ScoresTaken
    restored: Annotated[bool, Meta(description="From a backup that nobody vouched for, and not verified here.")]
    signed_by: Annotated[str | None, Meta(description="Digest of the signer's public key; null for an unsigned run.")]
    pushed_at: Annotated[Moment, Meta(description="When this server took it.")]


class RunPage(ApiRecord, frozen=True, kw_only=True):
    """A page of a project's runs, the newest first."""

    runs: list[RunItem]
    next: Annotated[int | None, Meta(description="Give it as *before* for the next page; null on the last one.")]


class ClaimVerdict(ApiRecord, frozen=True, kw_only=True):
    """A line of a run's table: a claim, a gate, a candidate, or what was only measured."""

    task: str
    claimed: Annotated[str, Meta(description="The claim or the bar; empty for what was only measured.")]
    measured: str
    interval: Annotated[str, Meta(description="The confidence interval of what was measured.")]
    asked: Annotated[str, Meta(description="How many samples were asked.")]
    verdict: Word
    words: Annotated[str, Meta(description="The verdict in words, such as the colour of a gate.")]
    detail: Annotated[str, Meta(description="More of it in words; often empty.")]


class VerificationNote(ApiRecord, frozen=True, kw_only=True):
    """Something that the verification said."""

    name: str
    text: str


class OtherTry(ApiRecord, frozen=True, kw_only=True):
    """Another job of the project that asked the same model about the same benchmark."""

    job: Annotated[int, Meta(description="Its number.")]
    state: Annotated[str, Meta(description="As that of a job; one that still runs counts, too.")]
    seal: Annotated[str | None, Meta(description="The run that it made; null where it made none.")]


class RunVerdict(RunItem, frozen=True, kw_only=True):
    """A run, and what this server's own verification computed of it."""

    claims: Annotated[list[ClaimVerdict], Meta(description="The run's table.")]
    claims_left_out: Annotated[int, Meta(ge=0, description="Lines of a very long table that are not here.")]
    own_questions: Annotated[
        list[str], Meta(description="Public benchmarks under whose names it asked questions of the user's own.")
    ]
    other_tries: Annotated[
        list[OtherTry],
        Meta(
            description="Of a run that a job made: other jobs that asked the same, whatever became of them. The ledger "
            "of the project's key counts them, and divides the level."
        ),
    ]
    tests: Annotated[list[str], Meta(description="Tests beside the claims, a sentence each.")]
    findings: Annotated[list[str], Meta(description="What nothing honest explains, a sentence each.")]
    notes: Annotated[list[str], Meta(description="Remarks that prove nothing by themselves.")]
    said: Annotated[list[VerificationNote], Meta(description="What the verification said.")]
    verified_at: Annotated[Moment, Meta(description="When this server verified it.")]
    verified_with: Annotated[str, Meta(description="The version that did.")]
    answers: Annotated[int, Meta(ge=0, description="Answers in the run's journal.")]
    files: Annotated[int, Meta(ge=0, description="Files in the run's folder.")]
    size: Annotated[int, Meta(ge=0, description="Bytes of all files.")]


class PushReceipt(ApiRecord, frozen=True, kw_only=True):
    """A run that is here now, and what the verification said."""

    seal: Seal
    new: Annotated[bool, Meta(description="false where the run was here already.")]
    url: Annotated[str, Meta(description="The run's page, for people.")]
    verdict: Word
    headline: Annotated[str, Meta(description="The verdict in a sentence.")]
    exit: Exit
    verified_exit: VerifiedExit
    scores_taken: ScoresTaken
    said: Annotated[list[VerificationNote], Meta(description="What the verification said.")]


class SuiteReceipt(ApiRecord, frozen=True, kw_only=True):
    """A version of a private suite that is here now; no text of its items is in an answer of this API."""

    name: str
    version: Annotated[int, Meta(ge=1, description="As its suite.yaml says.")]
    digest: Annotated[str, Meta(description="SHA-256 of what is asked and how it is scored: runs name it.")]
    items: Annotated[int, Meta(ge=1)]
    new: Annotated[bool, Meta(description="false where the last version here has the very same files.")]
    url: Annotated[str, Meta(description="The suite's page, for people.")]


class CallsTaken(ApiRecord, frozen=True, kw_only=True):
    """What a run's calls to the model under test took, whatever became of them, and how many answers were right."""

    tasks: Annotated[list[str], Meta(description="At most five of what was asked.")]
    right: int
    asked: int
    calls: int
    tokens: Annotated[int, Meta(ge=0, description="Of questions and answers; 0 where nobody counted.")]
    cost: Annotated[float | None, Meta(description="At the prices that the run was given; null where one is unknown.")]


class ModelItem(ApiRecord, frozen=True, kw_only=True):
    """A model, by the name that runs give it, with its last run of any kind and of each that checks it."""

    subject: str
    last: RunItem
    taken: Annotated[CallsTaken, Meta(description="What the last run took.")]
    audit: Annotated[RunItem | None, Meta(description="The last check of its vendor's claims.")]
    identity: Annotated[RunItem | None, Meta(description="The last check that it is the file that one has.")]
    gate: Annotated[RunItem | None, Meta(description="The last check of one's own bar.")]


class ModelPage(ApiRecord, frozen=True, kw_only=True):
    """A page of a project's models, by name."""

    models: list[ModelItem]
    next: Annotated[str | None, Meta(description="Give it as *after* for the next page; null on the last one.")]


class ModelQuery(Record, frozen=True, kw_only=True):
    """Which page of a project's models is asked for."""

    after: Annotated[str, Meta(max_length=300, description="The *next* of the page before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description="Models in a page.")] = 50


class RunQuery(Record, frozen=True, kw_only=True):
    """How a list of runs is narrowed, and which page of it is asked for."""

    verdict: (
        Annotated[WordAsked, Meta(description="Runs with this verdict; none: those that only measure.")] | Unset
    ) = UNSET
    kind: Annotated[RunKind, Meta(description="Runs of this kind.")] | Unset = UNSET
    subject: Annotated[str, Meta(max_length=200, description="Runs of exactly this subject.")] = ""
    before: Annotated[int, Meta(ge=1, le=2**62, description="The *next* of the page before.")] | Unset = UNSET
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description="Runs in a page.")] = 50
