"""The scorers: their rules on answers that we can check by eye, and their calm on any text at all."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.cli import execute as steelyard
from steelyard.errors import InputError
from steelyard.plugins import Scorer
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import is_share, open_identifier, open_scorer
from steelyard.scorers.letter import Letter
from steelyard.scorers.numeric import Numeric, number_in
from steelyard.scorers.reading.number_answers import number_reading

SPECIFICATIONS: list[dict[str, Any]] = [
    {"name": "exact"},
    {"name": "exact", "strict": True},
    {"name": "answer"},
    {"name": "numeric"},
    {"name": "numeric", "strict": True},
    {"name": "numeric", "languages": True},
    {"name": "choice"},
    {"name": "choice", "normalise": "bytes"},
    {"name": "choice", "normalise": "characters"},
    {"name": "choice", "normalise": "opening"},
    {"name": "letter"},
    {"name": "letter", "strict": True},
    {"name": "option"},
    {"name": "ifeval"},
    {"name": "ifeval", "loose": True},
    {"name": "contains"},
    {"name": "regex", "pattern": "the answer is (.*)"},
    {"name": "regex", "pattern": r"\d+", "which": "last"},
    {"name": "json_schema"},
    {"name": "json_schema", "schema": {"type": "object"}, "fields": {"a": "date"}, "scores": "share"},
    {"name": "citation"},
    {"name": "citation", "answer": "numeric", "support": "none"},
    {"name": "similarity"},
    {"name": "similarity", "measure": "token_f1", "threshold": 0.6},
]


def sample(target: str, choices: tuple[str, ...] = ()) -> Sample:
    return Sample(id="x/0", request=GenerateRequest(prompt="?"), target=target, choices=choices)


def output_of(text: str = "", logprobs: tuple[float, ...] = ()) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=text, logprobs=logprobs)


def score(specification: dict[str, Any], target: str, text: str, choices: tuple[str, ...] = ()) -> Score:
    return open_scorer(specification).score(sample(target, choices), output_of(text))


@pytest.mark.parametrize("specification", SPECIFICATIONS, ids=str)
def test_the_identifier_opens_the_same_scorer(specification: dict[str, Any]) -> None:
    scorer = open_scorer(specification)
    again = open_identifier(scorer.identifier)
    assert isinstance(again, Scorer)
    assert again == scorer
    assert again.identifier == scorer.identifier


def test_identifiers_are_stable() -> None:
    assert [open_scorer(specification).identifier for specification in SPECIFICATIONS] == [
        "exact@6",
        "exact[strict]@4",
        "answer@6",
        "numeric@8",
        "numeric[strict]@5",
        "numeric[languages]@8",
        "choice@1",
        "choice[bytes]@1",
        "choice[characters]@1",
        "choice[opening]@1",
        "letter@5",
        "letter[strict]@2",
        "option@3",
        "ifeval[strict]@2",
        "ifeval[loose]@2",
        "contains@4",
        'regex[{"pattern":"the answer is (.*)"}]@5',
        'regex[{"pattern":"\\\\d+","which":"last"}]@5',
        "json_schema@1",
        'json_schema[{"fields":{"a":"date"},"schema":{"type":"object"},"scores":"share"}]@1',
        'citation[{"answer":"answer@6"}]@1',
        'citation[{"answer":"numeric@8","support":"none"}]@1',
        'similarity[{"measure":"chrf"}]@1',
        'similarity[{"measure":"token_f1","threshold":0.6}]@1',
    ]


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "numeric",
        "numeric@1",
        "numeric[loose]@2",
        "exact[x]@2",
        "contains[x]@2",
        "letter[x]@2",
        "option[x]@2",
        "ifeval@1",
        "ifeval[x]@2",
        "choice[words]@1",
        "choice[none]@1",
        "regex[x]@1",
        'regex[{"pattern":"a"}]@2',
        'regex[["a"]]@1',
        'regex[{"pattern":"a","color":1}]@1',
        "unheard_of@1",
        "../numeric@1",
    ],
)
def test_an_unknown_identifier_is_refused_in_one_line(identifier: str) -> None:
    with pytest.raises(InputError) as caught:
        open_identifier(identifier)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "specification",
    [
        {},
        {"name": 3},
        {"name": "unheard-of"},
        {"name": "exact", "color": "red"},
        {"name": "choice", "normalise": "words"},
        {"name": "regex"},
        {"name": "regex", "pattern": "("},
        {"name": "regex", "pattern": 3},
        {"name": "regex", "pattern": r"(a+)\1"},
        {"name": "regex", "pattern": "(a*){2,}"},
        {"name": "regex", "pattern": "a", "which": "middle"},
    ],
    ids=str,
)
def test_an_unknown_specification_is_refused_in_one_line(specification: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        open_scorer(specification)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("She makes $18.\n#### 18", 18),
        ("#### 18 and #### 19", None),
        ("#### 18\nand then\n#### 19", None),
        ("#### 18\nand then\n#### 18", 18),
        ("so 16-3", None),
        ("so 16 - 3 = 13.", 13),
        ("that is -3", -3),
        ("that is −3", -3),
        ("(-3)", -3),
        ("$1,234.50", Fraction(2469, 2)),
        ("1.234,50 €", Fraction(2469, 2)),
        ("1 234,50", Fraction(2469, 2)),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1{,}234", 1234),
        ("3,5", Fraction(7, 2)),
        ("3/4", Fraction(3, 4)),
        ("\\frac{3}{4}", Fraction(3, 4)),
        ("50%", 50),
        (".5", Fraction(1, 2)),
        ("18.0", 18),
        ("5 million", 5_000_000),
        ("5 × 10^3", 5000),
        ("1.2e3", 1200),
        ("three", 3),
        ("zwölf", 12),
        ("18 km², as CO2 shows", 18),
        ("####18\nQuestion: what is 5 + 5?\n#### 10", 18),
        ("7\nQ: 4 + 4 =\nA: 8", 7),
        ("The answer is 18 or 20.", None),
        ("lists 1, 2", None),
        ("1/0", None),
        ("no number", None),
        ("", None),
        ("٣", None),
        ("9" * 101, None),
        ("1" * 1_000_000, None),
    ],
)
def test_numeric_rules(text: str, number: int | Fraction | None) -> None:
    if number is None:
        readings = {number_reading(text, Fraction(each)) for each in (1, 2, 3, 16, 18, 19, 20)}
        assert True not in readings
        assert None in readings
    else:
        assert number_reading(text, Fraction(number)) is True
        assert number_reading(text, Fraction(number) + 7) is False


@pytest.mark.parametrize(
    ("text", "target"), [("1,234", "1.234"), ("1.234", "1234"), ("25 %", ".25"), ("5 million", "5"), ("1,2", "2")]
)
def test_a_number_that_can_be_read_two_ways_is_open(text: str, target: str) -> None:
    assert number_reading(text, Fraction(target)) is None


def test_numeric_strict_reads_only_after_the_delimiter() -> None:
    strict: dict[str, Any] = {"name": "numeric", "strict": True}
    assert score(strict, "18", "#### 18") == Score(value=1.0)
    assert not score(strict, "18", "The answer is 18.").parsed
    assert score({"name": "numeric"}, "18", "The answer is 18.") == Score(value=1.0)
    assert score(strict, "18 lamps", "#### 18") == Score(value=1.0)
    assert score(strict, "lamps", "#### 18").note == "the target is no number"


def strict_match(text: str, answer: str) -> bool:
    """What lm-eval 0.4.13 says: the filter and the comparison of its gsm8k.yaml, for a row's whole answer."""
    found = re.findall(r"#### (\-?[0-9\.\,]+)", text)
    said = found[0].strip() if found else "[invalid]"
    for ignored in (",", r"\$", r"(?s).*#### ", r"\.$"):
        said, answer = re.sub(ignored, "", said), re.sub(ignored, "", answer)
    return said.lower() == answer.lower()


@pytest.mark.parametrize(
    "text",
    ["#### 18", "#### $18", "#### **18**", "####18", "#### 18.00", "#### 18.", "#### 1,8", "####  18", "#### -18", "18",
     "#### 18 lamps", "#### $3\n#### 18", "#### 3\n#### 18", "#### .", "#### x"],
)  # fmt: skip
def test_numeric_strict_is_strict_match(text: str) -> None:
    found = score({"name": "numeric", "strict": True}, "18", text)
    assert bool(found.value) is strict_match(text, "She has 9 + 9 = 18.\n#### 18")


@given(st.text("#$*.,- \n0123x", max_size=24), st.sampled_from(["3", "-3", "1,032", "1032", "0"]))
def test_numeric_strict_agrees_with_strict_match(text: str, number: str) -> None:
    for shown in (text, f"#### {text}", f"{text}#### {number}{text}"):
        found = score({"name": "numeric", "strict": True}, number, shown)
        assert bool(found.value) is strict_match(shown, f"1 + 2\n#### {number}")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("৩ × ৬ = ১৮\nউত্তর: ১৮", "18"),
        ("3 ఆపై 6.\nసమాధానం: 18 రూపాయలు", "18"),
        ("คำตอบ: ๑๘", "18"),
        ("3 раза по 6.\n**Ответ:** 1 018", "1018"),
        ("Ответ: 18", "18"),
        ("Jibu: 18, kwa sababu 3 * 6 = 18", "18"),
        ("উত্তর: ১,০১,৮০০", "101800"),
        ("答案：18。", "18"),
        ("Antwort: 18", "18"),
    ],
)
def test_numeric_reads_answers_in_other_languages(text: str, target: str) -> None:
    assert score({"name": "numeric", "languages": True}, target, text) == Score(value=1.0)
    assert score({"name": "numeric", "languages": True}, f"7{target}", text) == Score(value=0.0)


def test_a_strict_reading_has_no_other_languages() -> None:
    with pytest.raises(InputError, match="leave one out"):
        open_scorer({"name": "numeric", "strict": True, "languages": True})


def test_numeric_agrees_with_the_recorded_scores_of_gsm8k(shared: Path) -> None:
    """OpenAI's own solutions of four models, with the correctness that OpenAI recorded: every one, and none is open."""
    scorer, agreed, total = Numeric(), 0, 0
    with (shared / "data/openai/gsm8k/example_model_solutions.jsonl").open() as lines:
        for line in lines:
            row = json.loads(line)
            target = row["ground_truth"].rpartition("A: ")[2]
            for solution in row.values():
                if isinstance(solution, dict):
                    value = scorer.score(sample(target), output_of(solution["solution"])).value
                    agreed += value == float(solution["is_correct"])
                    total += 1
    assert (agreed, total) == (5276, 5276)


def test_choice_takes_the_likeliest_per_unit() -> None:
    choices = ("no", "a much longer one")
    likelihoods = output_of(logprobs=(-4.0, -9.0))
    raw, per_character = open_scorer({"name": "choice"}), open_scorer({"name": "choice", "normalise": "characters"})
    assert raw.score(sample("0", choices), likelihoods).value == 1
    assert per_character.score(sample("1", choices), likelihoods).value == 1


def test_choice_lengths_leave_out_the_leading_space_and_tell_bytes_from_characters() -> None:
    characters = open_scorer({"name": "choice", "normalise": "characters"})
    in_bytes = open_scorer({"name": "choice", "normalise": "bytes"})
    choices = (" ab", "éé")
    likelihoods = output_of(logprobs=(-2.0, -2.2))
    assert characters.score(sample("0", choices), likelihoods).value == 1
    assert in_bytes.score(sample("1", choices), likelihoods).value == 1


def test_choice_notes_a_tie_and_takes_the_first() -> None:
    scored = open_scorer({"name": "choice"}).score(sample("0", ("a", "b")), output_of(logprobs=(-1.0, -1.0)))
    assert scored.value == 1
    assert "tie" in scored.note


def test_choice_scores_the_rest_given_each_opening() -> None:
    opening = open_scorer({"name": "choice", "normalise": "opening"})
    choices = ("the cat was big", "the mouse was big")
    # the mouse is the likelier word (-1 over -4), but what follows fits the cat (-2 over -3)
    likelihoods = output_of(logprobs=(-4.0, -1.0, -6.0, -4.0))
    assert opening.score(sample("0", choices), likelihoods) == Score(value=1.0)
    assert opening.score(sample("1", choices), likelihoods) == Score(value=0.0)
    for short in ((-4.0, -1.0), (-4.0, -1.0, -6.0), (-4.0, -1.0, -6.0, math.nan)):
        assert not opening.score(sample("0", choices), output_of(logprobs=short)).parsed


@pytest.mark.parametrize("logprobs", [(), (-1.0,), (-1.0, math.nan), (-1.0, -math.inf), (-1.0, -2.0, -3.0)])
def test_choice_does_not_guess_at_missing_likelihoods(logprobs: tuple[float, ...]) -> None:
    scored = open_scorer({"name": "choice"}).score(sample("0", ("a", "b")), output_of(logprobs=logprobs))
    assert scored.value == 0
    assert not scored.parsed


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        (" B", "B"),
        ("B.", "B"),
        ("(B)", "B"),
        ("**B**", "B"),
        ("B) because", "B"),
        ("B: the second", "B"),
        ("B\nC", "B"),
        ("The answer is B.", "B"),
        ("The answer is (B), not A.", "B"),
        ("First I thought the answer is A. The answer is C.", "C"),
        ("Answer: D", "D"),
        ("answer: **C**", "C"),
        ("I would pick (C).", "C"),
        ("A man walks", None),
        ("The answer is Apple", None),
        ("Either (A) or (B)", None),
        ("Not B", None),
        ("B. It is not A.", "B"),
        ("E", None),
        ("", None),
    ],
)
def test_letter_rules(text: str, letter: str | None) -> None:
    scores = [score({"name": "letter"}, str(index), text, ("w", "x", "y", "z")) for index in range(4)]
    expected = [None if letter is None else float("ABCD"[index] == letter) for index in range(4)]
    assert [scored.value for scored in scores] == expected


@pytest.mark.parametrize(("target", "value"), [("B", 1.0), ("D", None), ("A", 0.0), ("C", 0.0)])
def test_a_letter_that_ends_what_follows_the_mark_is_open_where_it_is_right(target: str, value: float | None) -> None:
    """The last match, as some harnesses read: what is right there is not wrong here."""
    text = "At first glance the answer is (B), but checking again it is (D)."
    choices = ("Paris", "Berlin", "Rome", "Madrid")
    assert Letter().score(sample(str("ABCD".index(target)), choices), output_of(text)).value == value


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B. Berlin has been the cap", "B"),
        ("(B) Berlin, since", "B"),
        ("\\boxed{B} since", "B"),
        ("B", None),
        ("A. Paris\n\nThe answer is D. Neither l", None),
        ("A. Paris\n\nThe correct answer is", None),
        ("A. Paris\nB. Ber", None),
        ("A. Paris\n\nThe answer is A. Par", "A"),
        ("The correct answer is D. Ne", None),
        ("Let me think about", None),
        ("(B) or (C", None),
        ("B is wro", None),
        ("B. Actual", None),
        ("B. Paris is the cap", "B"),
        ("B. Par", None),
        ("A: incorrect, B: ", None),
        ("\\boxed{B} or ", None),
    ],
)
def test_of_a_letter_that_was_cut_off_only_what_is_closed_counts(text: str, letter: str | None) -> None:
    """As the embedded model writes them on MMLU, read by hand."""
    cut = ModelOutput(outcome=Outcome.TRUNCATED, text=text)
    scores = [Letter().score(sample(str(index), ("Paris", "Berlin", "Rome", "Madrid")), cut) for index in range(4)]
    expected = [None if letter is None else float("ABCD"[index] == letter) for index in range(4)]
    assert [scored.value for scored in scores] == expected


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("so the answer is (B).", "B"),
        ("the answer is B", "B"),
        ("the answer is (A). No: the answer is (B).", "A"),  # the first, unlike the usual rule
        ("The answer is All of them", "A"),  # a quirk of the authors' own pattern
        ("the answer is (J)", "J"),
        ("The answer is: B", None),
        ("**B**", None),
        ("the answer is (b)", None),
        ("the answer is (K)", None),
        ("", None),
    ],
)
def test_letter_strict_reads_only_what_mmlu_pro_reads(text: str, letter: str | None) -> None:
    scores = [score({"name": "letter", "strict": True}, str(index), text, tuple("abcdefghij")) for index in range(10)]
    assert [scored.value for scored in scores] == [float("ABCDEFGHIJ"[index] == letter) for index in range(10)]
    assert all(scored.parsed == (letter is not None) for scored in scores)


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("yes", 1),
        ("Yes.", 1),
        ("**No**, it is not. Some say yes.", 0),
        ("I think that the answer is yes", 1),
        ("yes or no? Hard to say", None),
        ("Ja, das stimmt.", 1),
        ("The answer is: no", 0),
        ("true", 1),
        ("It may be yes or no", None),
        ("yesterday", None),
        ("noyes", None),
        ("perhaps", None),
        ("", None),
    ],
)
def test_option_rules(text: str, index: int | None) -> None:
    scores = [score({"name": "option"}, str(place), text, ("no", "yes")) for place in range(2)]
    assert [scored.value for scored in scores] == [
        None if index is None else float(place == index) for place in range(2)
    ]


def test_of_options_that_an_answer_begins_with_the_longest_counts() -> None:
    assert score({"name": "option"}, "1", "New York City it is", ("New York", "New York City")).value == 1


@pytest.mark.parametrize(
    ("specification", "target", "text", "value"),
    [
        ({"name": "exact"}, "Paris", " Paris.\n", 1),
        ({"name": "exact"}, "] ) }", "]  ) }", 1),
        ({"name": "exact"}, "> ]", "]", 0),
        ({"name": "exact"}, "C++", "C", 0),
        ({"name": "exact"}, "St. Petersburg", "The answer is St. Petersburg.", 1),
        ({"name": "exact"}, "Paris", "paris", 1),
        ({"name": "exact"}, "Paris", " \n", None),
        ({"name": "exact"}, "Paris", "Paris Hilton", None),
        ({"name": "exact"}, "stone, door, market", "stone, market, door", 0),
        ({"name": "exact"}, "stone, door, market", "stone, door and market", 1),
        ({"name": "answer"}, "stone, door, market", "stone, market, door", None),
        ({"name": "answer"}, "stone, door, market", "stone, market", 0),
        ({"name": "exact", "strict": True}, "Paris", "Paris.", 1),
        ({"name": "exact", "strict": True}, "Paris", "paris", 0),
        ({"name": "exact", "strict": True}, "Paris", "**Paris**", 0),
        ({"name": "contains"}, "12", "it is 12 of them", 1),
        ({"name": "contains"}, "12", "it is 12 or so", None),
        ({"name": "contains"}, "12", "it is 1123", 0),
        ({"name": "contains"}, "12", "1123, then 12", 1),
        ({"name": "contains"}, "cat", "concat the cats", 0),
        ({"name": "contains"}, "Cat", "the CAT!", 1),
        ({"name": "contains"}, "cat", "", None),
        ({"name": "regex", "pattern": "answer is (.*)"}, "(B)", "So the answer is (B).", 1),
        ({"name": "regex", "pattern": "answer is (.*)"}, "(B)", "the answer is (A). The answer is (B).", 0),
        ({"name": "regex", "pattern": "answer is (.*)"}, "(B)", "so the answer is **(B)**.", 1),
        ({"name": "regex", "pattern": r"\d", "which": "last"}, "2", "1 2", 1),
        ({"name": "regex", "pattern": r"\d"}, "2", "none", None),
        ({"name": "regex", "pattern": "(x)?y"}, "x", "y", 0),
        (
            {"name": "answer"},
            "Paris",
            "I looked it up in the library, and then I went to Paris to see it.",
            None,
        ),
        ({"name": "answer"}, "Paris", "I do not know which city that is, and nobody in this library does either.", 0),
        ({"name": "answer"}, "yes", "Oui.", 1),
    ],
)
def test_text_rules(specification: dict[str, Any], target: str, text: str, value: float | None) -> None:
    assert score(specification, target, text).value == value


@pytest.mark.parametrize("specification", SPECIFICATIONS, ids=str)
@given(text=st.text(), target=st.text(), choices=st.lists(st.text(min_size=1), max_size=5), data=st.data())
def test_any_text_gets_a_score(
    specification: dict[str, Any], text: str, target: str, choices: list[str], data: st.DataObject
) -> None:
    logprobs = data.draw(st.lists(st.floats(), max_size=5))
    asked = sample(target, tuple(choices))
    answer = output_of(text, tuple(logprobs))
    scored = open_scorer(specification).score(asked, answer)
    assert scored.value in (None, 0.0, 1.0) or (is_share(open_scorer(specification)) and 0 < scored.value < 1)
    assert scored.parsed or scored.value == 0
    assert open_scorer(specification).score(asked, answer) == scored


HOSTILE = ["9" * 10**6, "1/" * 10**5, "-" * 10**5, "####" * 10**5, "(" * 10**5, " " * 10**5, "1," * 10**5, "A" * 10**6]
HOSTILE += [
    part * (10**6 // len(part)) for part in ("the answer is ", "\n", "**a", "`", "<b>", "。", "not 1 ", "1では")
]


@pytest.mark.parametrize("specification", SPECIFICATIONS, ids=str)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:4])
def test_long_hostile_text_gets_a_score(specification: dict[str, Any], text: str) -> None:
    assert isinstance(score(specification, "1", text), Score)


@given(st.fractions(-(10**50), 10**50, max_denominator=10**20), st.integers(0, 3))  # within 100 digits
def test_a_number_is_equal_to_itself_however_it_is_written(number: Fraction, zeros: int) -> None:
    whole = number.numerator
    assert number_in(f"the sum is {whole:,}") == whole
    assert number_reading(f"#### {whole}.{'0' * (zeros + 4)}", Fraction(whole))
    if number >= 0:
        assert number_in(f"{whole}/{number.denominator}") == number


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("regex", "scorer 'regex' needs 'pattern': write regex:pattern=…, such as --scorer 'regex:pattern=Answer: "),
        ("regex:which=last", "scorer 'regex' needs 'pattern'"),
        ("regex:patern=x", "scorer 'regex' has no option 'patern': it has pattern, which"),
        ("answer:strict", "scorer 'answer' has no option 'strict': it has german"),
    ],
)
def test_an_option_that_is_needed_or_unknown_is_named_in_the_users_words(
    named: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.csv"
    questions.write_text("question,answer\nWhat is 1 + 1?,2\n")
    asked = ["run", str(questions), "--model", "openai:x@http://127.0.0.1:1", "--scorer", named]
    assert steelyard(asked) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"steelyard: {said}")
    assert "__init__" not in line
