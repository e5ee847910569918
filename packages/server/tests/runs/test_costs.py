"""What runs took is read from their rows, those of an older server among them."""

from __future__ import annotations

import msgspec

from packages.server.tests.jobs.yard import a_person
from packages.server.tests.site import GOLDEN
from steelyard.api.results import verified
from steelyard_server.database.connection import Database
from steelyard_server.runs.costs import taken_of
from steelyard_server.runs.rows import insert_run
from steelyard_server.runs.summary import RunSummary, Taken, summary_of


def test_what_each_run_took_is_read_by_its_number(database: Database) -> None:
    summary = summary_of(verified(GOLDEN))
    bare = msgspec.structs.replace(summary, seal=f"{0xC05700:064x}", taken=Taken())
    whole = msgspec.structs.replace(summary, seal=f"{0xC05701:064x}")
    person = a_person(database, "who counts what runs took")
    with database.connect() as connection:
        numbers = [insert_run(connection, each, person, None, 1, "default") for each in (bare, whole)]
        assert None not in numbers
        found = taken_of(connection, [each for each in numbers if each is not None])
        assert found == {numbers[0]: Taken(), numbers[1]: summary.taken}
        assert taken_of(connection, []) == {}
        query = "SELECT summary FROM steelyard.run WHERE id = %s"
        (text,) = connection.execute(query, (numbers[1],)).fetchone() or ("",)
        kept = msgspec.json.decode(text, type=RunSummary)
        assert (kept.taken, kept.samples) == (Taken(), ()), "they are columns: no list reads a whole summary for them"
