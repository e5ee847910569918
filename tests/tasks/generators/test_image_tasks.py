"""The four image benchmarks: always the same questions and drawings, whatever draws; another seed gives twins."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from bench.drawn_images import TASKS, rows_of
from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task
from steelyard.tasks.catalogue import open_task_file
from steelyard.tasks.drawing.picture import drawer


def test_the_benchmarks_never_change() -> None:
    """A change here is another benchmark: every published value would be void."""
    found = {}
    for name in TASKS:
        digests = load_task(name).prepare("chat").item_digests()
        assert len(set(digests)) == 300
        found[name] = sha256(b"".join(digests)).hexdigest()[:16]
    assert found == {
        "chart_reading": "729709de2d0efa15",
        "table_reading": "700086bd06365ad6",
        "document_reading": "d1eff0e72d6863e5",
        "diagram_counting": "ff48d29d7ed3fb76",
    }


@pytest.mark.parametrize("name", TASKS)
def test_an_item_does_not_depend_on_the_count_and_another_seed_gives_others(name: str) -> None:
    few, many = rows_of(name, "one", 5), rows_of(name, "one", 12)
    assert few == many[:5]
    assert not {row["image"] for row in many} & {row["image"] for row in rows_of(name, "other", 12)}


@pytest.mark.parametrize("name", TASKS)
def test_a_sample_shows_one_image_before_its_question(name: str) -> None:
    samples = load_task(name).prepare("chat", seed="twins", count=6)
    assert samples.drawer == drawer()
    for sample in samples:
        request = sample.request
        assert isinstance(request, GenerateRequest)
        (image,) = request.images
        assert (image.at, image.media_type) == (0, "image/png")
        assert sha256(image.data).hexdigest() == image.sha256
        assert request.prompt.endswith("\nReply with the answer alone.")
        assert sample.target not in ("", "None")


def test_a_task_that_does_not_name_the_column_of_images_is_refused(tmp_path: Path) -> None:
    text = load_task("table_reading").where.read_text()
    (tmp_path / "mine.yaml").write_text(text.replace("id: table_reading", "id: mine").replace("images: [image]", ""))
    with pytest.raises(InputError, match=r"an image is no text: name its column in fields\.images"):
        open_task_file(tmp_path / "mine.yaml").prepare("chat")


@pytest.mark.parametrize("name", TASKS)
def test_every_right_answer_is_scored_as_one(name: str) -> None:
    task = load_task(name)
    scorer = open_scorer(task.scorer)
    samples = list(task.prepare("chat", seed="answers", count=60))
    for sample in samples:
        for dressed in ("{}", "**{}**", "The answer is {}."):
            text = dressed.format(sample.target)
            assert scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value == 1, text
    wrong = [
        scorer.score(one, ModelOutput(outcome=Outcome.OK, text=other.target)).value
        for one, other in pairwise(samples)
        if one.target != other.target
    ]
    assert sum(value == 1 for value in wrong) == 0
