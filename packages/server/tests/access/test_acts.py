from __future__ import annotations

import json

from packages.server.tests.access.folk import FACTS, folk_of
from steelyard_server.access.acts import audit_act, insert_one
from steelyard_server.database.connection import Database


def test_an_act_is_a_line_with_who_where_from_and_what(database: Database) -> None:
    with folk_of(database) as folk:
        with folk.pool.connection() as connection:
            query = "INSERT INTO steelyard.project (name) VALUES (%s) RETURNING id"
            number = insert_one(connection, query, ("of-acts",))
            audit_act(connection, "try", "person:1", FACTS, f"project:{number}", {"role": "viewer"})
        ((line,),) = folk.ask("SELECT line FROM steelyard.audit ORDER BY sequence DESC LIMIT 1")
    found = json.loads(line)
    assert (found["act"], found["actor"], found["subject"]) == ("try", "person:1", f"project:{number}")
    assert (found["request"], found["details"]) == ("request 1", {"address": "192.0.2.7", "role": "viewer"})
