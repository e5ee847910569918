"""The server and the databases that the tests of the platform share: made once, since making one takes seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from packages.server.tests.answers.mixed_run import mixed_run
from packages.server.tests.chosen_scores import with_chosen_scores
from packages.server.tests.databases import Server, copied, open_folder, other_programs, started, team_server
from packages.server.tests.site import Site, data_folder, serving
from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import apply_migrations
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at

PRIVATE = "In drawer {} of the green cabinet lie the contracts of the house with its oldest customer."
HOSTILE = "<script>alert(1)</script> \"'onmouseover=alert(2) {{7*7}} \u202eevil"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A server with a database of its own, for tests that change nothing that others need; each signs in by itself."""
    with data_folder() as data, serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed, unsigned audit whose model, vendor, task and note hold markup; its texts are withheld."""
    from steelyard.cli import execute

    work = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch, SumsServer() as server:
        patch.setenv("XDG_STATE_HOME", str(work / "state"))
        patch.setenv("STEELYARD_KEY", str(work / "no-key.pem"))
        questions = work / "sums.jsonl"
        pairs = [(number, number * 7 % 91) for number in range(25)]
        questions.write_text(
            "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)
        )
        claims = [{"task": "sums", "value": 50, "note": HOSTILE}]
        sheet = work / "sheet.yaml"
        sheet.write_text(json.dumps({"model": HOSTILE, "vendor": HOSTILE, "claims": claims}))
        command = ["audit", str(sheet), "--model", f"openai:sums@{server.url}", "--task", str(questions)]
        assert execute([*command, "--out", str(work / "run")]) in (0, 3)
    return work / "run"


@pytest.fixture(scope="session")
def chosen_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose scores were chosen by whoever sealed it: it verifies, since its texts are withheld."""
    return with_chosen_scores(tmp_path_factory.mktemp("chosen") / "run")


@pytest.fixture(scope="session")
def suite_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run of a private suite whose questions nobody else may see; its texts are in it."""
    from steelyard.cli import execute

    work = tmp_path_factory.mktemp("suite")
    with pytest.MonkeyPatch.context() as patch, SumsServer() as server:
        patch.chdir(work)
        patch.setenv("XDG_STATE_HOME", str(work / "state"))
        patch.setenv("STEELYARD_KEY", str(work / "no-key.pem"))
        items = [
            {"id": f"i{a}", "question": f"{PRIVATE.format(a)} What is {a} + 3?", "answer": str(a + 3)}
            for a in range(20)
        ]
        suite = suite_at(
            work / "suite",
            f"suite: sums\nendpoints: [{json.dumps(server.url)}]\n",
            "".join(json.dumps(item) + "\n" for item in items),
        )
        assert execute(["run", str(suite), "--model", f"openai:sums@{server.url}", "--out", str(work / "run")]) == 0
    return work / "run"


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run with its texts, whose answers have every outcome; one question shows an image."""
    return mixed_run(tmp_path_factory.mktemp("mixed") / "run")


@pytest.fixture(scope="session")
def data_template() -> Iterator[Path]:
    """A data folder with a migrated database that does not run: copy it (``copied``), and start the copy."""
    with open_folder("template") as path:
        with started(path):
            pass
        with (path / "postgres" / "cluster" / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\n")  # no test needs the disk, and it may be busy
        yield path


@pytest.fixture
def data(data_template: Path) -> Iterator[Path]:
    """A data folder of its own, whose database does not run yet."""
    with open_folder() as path:
        yield copied(data_template, path)


@pytest.fixture(scope="session")
def database(data_template: Path) -> Iterator[Database]:
    """One running database of our own, which tests share: what they write stays."""
    with open_folder("shared") as path, started(copied(data_template, path)) as found:
        yield found


@pytest.fixture(scope="session")
def older() -> Iterator[Server]:
    """A team's server of PostgreSQL 16, which the wheel brings beside 18."""
    with team_server(other_programs()[16], 16) as server:
        yield server


@pytest.fixture(
    scope="session",
    params=[pytest.param(15, marks=pytest.mark.slow), 16, pytest.param(17, marks=pytest.mark.slow)],
)
def team(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A team's server of each other major version that is installed; in the fast run 16, which the wheel brings."""
    found = other_programs()
    if request.param not in found:
        pytest.skip(f"no PostgreSQL {request.param} on this machine")
    if request.param == 16:
        yield request.getfixturevalue("older")
        return
    with team_server(found[request.param], request.param) as server:
        yield server


@pytest.fixture
def team_database(team: Server) -> Iterator[Database]:
    """A new, migrated database of the team's, with two roles."""
    with open_folder() as path, open_database(open_data_folder(path), environment=team.environment()) as found:
        with found.connect_as_owner() as connection:
            apply_migrations(connection, found.application_role)
        yield found


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for loopback, which signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain, private
