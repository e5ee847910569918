"""Templates: strict, unescaped, sandboxed; text of the data is a value and never a template."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.tasks.template import Expression, Template


def test_text_is_not_escaped_and_line_ends_stay() -> None:
    assert Template("{{ q }}\n", "here").render({"q": "<b> & 'x'"}) == "<b> & 'x'\n"


@given(st.text())
def test_a_value_comes_through_untouched(text: str) -> None:
    assert Template("{{ q }}", "here").render({"q": text}) == text


def test_a_value_that_looks_like_a_template_is_not_evaluated() -> None:
    hostile = "{{ 7 * 7 }}{% for x in y %}{{ ''.__class__ }}{% endfor %}"
    assert Template("Q: {{ q }}", "here").render({"q": hostile}) == f"Q: {hostile}"
    assert Expression("q | trim", "here").evaluate({"q": hostile}) == hostile


@pytest.mark.parametrize("value", ["x", "", 5, None, [], ["a"], {"b": 1}])
def test_a_name_alone_is_the_value_as_jinja_has_it(value: object) -> None:
    values = {"q": value, "none": "a column", "true": "another", "self": "a third", "": "one without a name"}
    assert Expression(" q ", "here").evaluate(values) is value
    assert Expression("(q)", "here").evaluate(values) is value
    assert Expression("none", "here").evaluate(values) is None
    assert Expression("true", "here").evaluate(values) is True
    assert Expression("row", "here").evaluate({"row": value}) is value


@pytest.mark.parametrize("name", ["missing", "q.missing", "q['missing']"])
def test_what_is_missing_is_an_error(name: str) -> None:
    with pytest.raises(InputError, match=r"task\.yaml: prompts\.x: "):
        Template(f"{{{{ {name} }}}}", "task.yaml: prompts.x").render({"q": {}})
    with pytest.raises(InputError, match=r"task\.yaml: prompts\.x: "):
        Expression(name, "task.yaml: prompts.x").evaluate({"q": {}})


@pytest.mark.parametrize(
    "source",
    [
        "''.__class__.__mro__[1].__subclasses__()",
        "q.append(1)",
        "q | attr('__class__')",
        "cycler.__init__.__globals__",
        "range(9)",
        "lipsum()",
        "q | pprint",
        "1 +",
        "q | regex_replace('(', '')",
        "1 | length",
    ],
)
def test_the_sandbox_refuses_in_one_line(source: str) -> None:
    with pytest.raises(InputError) as caught:
        Expression(source, "here").evaluate({"q": ["x"]})
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError):
        Template("{{ " + source + " }}", "here").render({"q": ["x"]})


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("'a #### 5' | after('####') | trim", "5"),
        ("'none' | after('####')", "none"),
        ("'a. b. c' | before('. ')", "a"),
        (r"'a [b] c' | regex_replace('\\[.*?\\] ?', '')", "a c"),
        ("['x', 'y'] | map('prefixed', ' ') | list", [" x", " y"]),
        ("['x', 'y'] | lettered", "A. x\nB. y\n"),
        ("['{letter}', '{0}'] | lettered('({letter}) {choice};')", "(A) {letter};(B) {0};"),
        ("['x', 'y'] | letters_of", ["A", "B"]),
        ("2 | letter", "C"),
    ],
)
def test_filters(source: str, value: object) -> None:
    assert Expression(source, "here").evaluate({}) == value


@given(st.lists(st.text(), max_size=8))
def test_shuffled_keeps_every_choice_and_forgets_the_order(choices: list[str]) -> None:
    shuffled = Expression("choices | shuffled", "here")
    assert sorted(shuffled.evaluate({"choices": choices})) == sorted(choices)
    assert shuffled.evaluate({"choices": choices[::-1]}) == shuffled.evaluate({"choices": choices})


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.lists(st.text())))
def test_as_json_is_read_back_whole(value: dict[str, object]) -> None:
    assert json.loads(Expression("{'value': value} | as_json", "here").evaluate({"value": value})) == {"value": value}


def test_marks_are_replaced_in_one_pass() -> None:
    at_marks = Template("{{ text | at_marks(shown, mark) }}", "t")
    shown = [f"<{number}>" for number in range(2, 14)]
    for text, mark, made in (
        ("<1><12><13><01>", "<{number}>", "<2><13><13><01>"),
        ("image 1, image 12", "image {number}", "<2>, <13>"),
        ("1) 2)", "{number})", "<2> <3>"),
    ):
        assert at_marks.render({"text": text, "shown": shown, "mark": mark}) == made


@pytest.mark.parametrize("mark", ["", "{number}", "<image>", "{number}/{number}"])
def test_a_mark_that_could_stand_anywhere_is_refused(mark: str) -> None:
    """An empty mark put an image between all characters, for each image again: 16 of them took all memory."""
    template = Template("{{ text | at_marks(shown, mark) | length }}", "t")
    with pytest.raises(InputError, match=r"t: a mark of at_marks holds \{number\} once"):
        template.render({"text": "xxxx", "shown": ["ab"] * 16, "mark": mark})


def test_many_marks_of_a_long_text_are_refused_before_they_are_made() -> None:
    template = Template("{{ text | at_marks(shown) | length }}", "t")
    with pytest.raises(InputError, match="more than 4,194,304 characters"):
        template.render({"text": "<image 1>" * 300, "shown": ["x" * 100_000]})


@given(st.lists(st.text("ab<>{1", max_size=5), min_size=1, max_size=12), st.text("ab<>{}", min_size=1, max_size=3))
def test_marks_of_any_form_are_found(texts: list[str], mark: str) -> None:
    written = "|".join(f"{mark}{number}|" for number in range(1, len(texts) + 1))
    values = {"text": written, "shown": texts, "mark": mark + "{number}|"}
    assert Template("{{ text | at_marks(shown, mark) }}", "t").render(values) == "|".join(texts)
