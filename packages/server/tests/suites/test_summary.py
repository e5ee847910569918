from __future__ import annotations

import json
from pathlib import Path

from packages.server.tests.suites.yard import make_suite
from steelyard.suites.exposures import append_exposures
from steelyard.suites.review import Change, append_changes
from steelyard.tasks.suite_task import task_from_suite
from steelyard_server.suites.summary import SeenBy, item_lines, suite_summary


def test_a_summary_counts_and_holds_no_question(tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s", more='endpoints: ["https://a.example/v1"]\nreaders: [age1x]\nabout: pumps\n')
    suite = task_from_suite(folder, to_ask=False)
    item = next(suite.rows.items())
    append_changes(folder, [(item, Change(item=item.id, decision="keep"))], "Ada")
    append_exposures(folder, "0" * 64, suite.suite, "ended", {"https://a.example:443/v1": {"q1", "q2"}})
    append_exposures(folder, "1" * 64, "2" * 64, "ended", {"https://b.example:443/v1": {"q1"}})  # another version
    found = suite_summary(suite)
    assert (found.name, found.number, found.items, found.reviewed) == ("helpdesk", 1, 3, 1)
    assert (found.endpoints, found.readers) == (("https://a.example/v1",), ("age1x",))
    assert found.categories == (("pumps", 3),)
    assert found.seen == (SeenBy(recipient="https://a.example:443/v1", items=2),)
    assert "mends" not in repr(found)
    lines = list(item_lines(suite))
    assert [(each.id, each.line, each.decision) for each in lines] == [("q1", 1, "keep"), ("q2", 2, ""), ("q3", 3, "")]
    assert json.loads(lines[1].item)["answer"] == "team 2"
