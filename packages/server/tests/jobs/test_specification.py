from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard_server.jobs.specification import (
    AuditSpecification,
    Resumption,
    RunSpecification,
    encode,
    read_specification,
)

NAME = "vLLM on gpu-3"


@pytest.mark.parametrize(
    "specification",
    [
        RunSpecification(endpoint=NAME, model="sums", task="mmlu", limit=10, price=(0.1, 2.5)),
        RunSpecification(model="embedded:smollm2", questions={"sums": '{"question": "é", "answer": "\\u0000"}'}),
        AuditSpecification(endpoint=NAME, model="sums", sheet="model: x\nclaims: []\n", tolerance="1.5"),
        Resumption(7),
    ],
)
def test_a_specification_is_the_same_after_it_was_written(
    specification: RunSpecification | AuditSpecification | Resumption,
) -> None:
    data = encode(specification)
    assert read_specification(data) == specification
    assert encode(read_specification(data)) == data


def test_what_equals_its_default_is_not_written() -> None:
    assert json.loads(encode(RunSpecification(endpoint=NAME, model="sums", task="mmlu"))) == {
        "kind": "run",
        "endpoint": NAME,
        "model": "sums",
        "task": "mmlu",
    }


@pytest.mark.parametrize(
    "model",
    ["gguf:/etc/passwd", "recorded:/work/run", "python:os:system", "embedded:other", "openai:a@http://host/v1", "sums"],
)
def test_without_an_endpoint_of_the_list_only_the_built_in_model_is_asked(model: str) -> None:
    with pytest.raises(InputError, match="for the command line"):
        encode(RunSpecification(model=model, task="mmlu"))


@pytest.mark.parametrize(("endpoint", "model"), [("a\nb", "sums"), (NAME, "a\nb"), (NAME, "@a")])
def test_endpoints_and_models_are_named_on_one_line(endpoint: str, model: str) -> None:
    with pytest.raises(InputError, match="as in the list"):
        encode(RunSpecification(endpoint=endpoint, model=model, task="mmlu"))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"task": "mmlu", "questions": {"sums": "{}"}},
        {"task": "../../etc/passwd"},
        {"task": "x.yaml/../y"},
        {"questions": {"a": "{}", "b": "{}"}},
        {"questions": {"../a": "{}"}},
        {"questions": {"A.jsonl": "{}"}},
        {"task": "mmlu", "limit": 0},
        {"task": "mmlu", "timeout": "120"},
        {"task": "mmlu", "temperature": 3.0},
        {"task": "mmlu", "api_key_env": "DATABASE_URL"},
        {"task": "mmlu", "out": "/tmp/x"},
        {"task": "mmlu", "reasoning_effort": "a b"},
        {"questions": {"sums": "x" * (1 << 20)}},
    ],
)
def test_what_a_job_may_not_ask_is_refused_in_one_line(more: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        read_specification(json.dumps({"kind": "run", "endpoint": NAME, "model": "sums", **more}))
    assert "\n" not in str(caught.value)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_anything_else_is_refused(data: bytes | str) -> None:
    with pytest.raises(InputError):
        read_specification(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["kind", "endpoint", "model", "task", "questions", "limit", "sheet", "job", "price", "window", "x"]
        ),
        json_values | st.sampled_from(["run", "audit", "resume", NAME, "embedded:smollm2"]),
    )
)
def test_what_is_read_can_be_written_and_else_is_refused(document: dict[str, object]) -> None:
    try:
        found = read_specification(json.dumps(document))
    except InputError:
        return
    assert read_specification(encode(found)) == found
