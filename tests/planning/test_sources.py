"""What an audit takes from data and machine."""

from __future__ import annotations

import json
from pathlib import Path

from steelyard.planning.samples import digests_of
from steelyard.planning.sources import FILE, DataSource, measurement_id
from steelyard.plugins import MeasurementRequest
from steelyard.tasks.catalogue import Catalogue
from steelyard.util.software import software
from testkit.plans import measurement


def questions(folder: Path) -> Path:
    path = folder / "sums.jsonl"
    path.write_text("".join(json.dumps({"question": f"{n} + 1?", "answer": n + 1}) + "\n" for n in range(40)))
    return path


def test_where_tasks_come_from(tmp_path: Path) -> None:
    source = DataSource(Catalogue([questions(tmp_path)]), None)
    found = {name: source.find("claim/0", name) for name in ("sums", "GSM8K", "nothing")}
    assert found["nothing"] is None
    assert [source.origin(task) for task in found.values() if task] == [FILE, software()]
    assert "did you mean 'sums'?" in source.near("summs")


def test_rows_are_asked_as_a_measurement_says(tmp_path: Path) -> None:
    source = DataSource(Catalogue([questions(tmp_path)]), None)
    task = source.find("claim/0", "sums")
    assert task is not None
    rows = source.rows(MeasurementRequest(name="claim/0", task="sums"), task, task.protocol_of())
    assert (rows.population, rows.part, rows.remarks) == (40, None, ())
    asked = rows.asked(measurement(temperature=0.7, chat=True, output_budget=99))
    first = asked.samples[0].request
    assert (first.temperature, first.max_tokens) == (0.7, 99)  # type: ignore[union-attr]
    digests, root = digests_of(asked.samples)
    assert (list(asked.digests), asked.root) == (list(digests), root)


def test_measurements_have_names_that_are_files() -> None:
    assert measurement_id(3, "a b/../c") == "03-a-b-..-c"
