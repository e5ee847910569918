from __future__ import annotations

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.notify.receiver import FACTS, rows
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.notify.form import read_place
from steelyard_server.notify.places import Places


def test_a_place_is_listed_once_and_can_be_taken_out_and_added_again(pool: ConnectionPool, person: int) -> None:
    places, caller = Places(pool), Caller(person=person, session=1)
    place = read_place(f"https://place-{person}.example")
    for _ in range(2):
        places.add(place, caller, FACTS)
        with pytest.raises(InputError, match="already"):
            places.add(place, caller, FACTS)
        (found,) = [each for each in places.all() if each.address == f"https://place-{person}.example:443"]
        assert found.webhooks == 0
        places.retire(found.id, caller, FACTS)
        places.retire(found.id, caller, FACTS)
        assert found.id not in {each.id for each in places.all()}
    query = "SELECT act FROM steelyard.audit WHERE line::json ->> 'actor' = %s ORDER BY sequence"
    acts = rows(pool, query, f"person:{person}")
    assert [act for (act,) in acts] == ["add-webhook-place", "retire-webhook-place"] * 2
