"""The claim sheet: what is read, and that everything else is one line with a line number, a key and how to fix it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.claims.sheet import MAX_BYTES, read_sheet
from steelyard.cli import execute
from steelyard.errors import ExitCode, InputError
from steelyard.records import ClaimSheet, ComparedWith, Protocol

HEAD = "model: m\nclaims:\n"
FULL = """\
model: Llama 4 Maverick
vendor: Meta
date: 2025-04-05
source: https://example.org/card
served_as: maverick-1
footnotes: ["averaged over several generations", two]
claims:
  - task: gpqa-diamond
    value: 69.80
    unit: percent
    metric: accuracy
    samples: 198
    repeats: 4
    average: micro
    shots: 0
    variant: maverick-1
    protocol: {prompt: p, decoding: greedy, subset: s, judge: j, harness: h, max_tokens: 512}
    compared_with: [{model: GPT-4o, value: 53.6}, {model: other}]
    note: as printed
  - {task: lmarena, value: "-3", unit: elo, repeats: several, samples: , shots: null, note: ~}
"""


@pytest.fixture
def sheet_file(tmp_path: Path) -> Path:
    return tmp_path / "sheet.yaml"


def read(path: Path, content: str | bytes) -> ClaimSheet:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_sheet(path)


def refusal(path: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(path, content)
    message = str(caught.value)
    assert caught.value.exit_code == ExitCode.BAD_INPUT
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


class TestWhatIsRead:
    def test_every_key(self, sheet_file: Path) -> None:
        sheet = read(sheet_file, FULL)
        assert (sheet.model, sheet.vendor, sheet.served_as) == ("Llama 4 Maverick", "Meta", "maverick-1")
        assert (sheet.date, sheet.source) == ("2025-04-05", "https://example.org/card")
        assert sheet.footnotes == ("averaged over several generations", "two")
        assert sheet.digest == hashlib.sha256(FULL.encode()).hexdigest()
        assert sheet.path == sheet_file.name  # where it lay is sealed nowhere
        first, second = sheet.claims
        assert (first.task, first.value, first.decimals, first.line) == ("gpqa-diamond", "69.80", 2, 8)
        assert (first.samples, first.repeats, first.shots, first.average) == (198, 4, 0, "micro")
        assert first.protocol == Protocol(
            prompt="p", decoding="greedy", subset="s", judge="j", harness="h", max_tokens=512
        )
        assert first.compared_with == (ComparedWith(model="GPT-4o", value="53.6"), ComparedWith(model="other"))
        assert (second.unit, second.value, second.repeats, second.line) == ("elo", "-3", "several", 20)
        assert (second.samples, second.shots, second.note) == (None, None, "")

    def test_the_least(self, sheet_file: Path) -> None:
        sheet = read(sheet_file, HEAD + "- {task: a, value: 50}")
        assert sheet.claims[0].unit == "percent"
        assert sheet.claims[0].repeats is None

    def test_a_byte_order_mark_and_unicode(self, sheet_file: Path) -> None:
        sheet = read(sheet_file, "\ufeffmodel: 日本語\nclaims: [{task: é, value: 50}]")
        assert (sheet.model, sheet.claims[0].task) == ("日本語", "é")

    def test_nothing_but_text(self, sheet_file: Path) -> None:
        sheet = read(sheet_file, "model: true\nclaims: [{task: 1e3, value: 010.50}]")
        assert (sheet.model, sheet.claims[0].task, sheet.claims[0].value) == ("true", "1e3", "010.50")

    def test_a_range_is_no_matter_of_parsing(self, sheet_file: Path) -> None:
        assert read(sheet_file, HEAD + "- {task: a, value: 130}").claims[0].value == "130"

    def test_ten_thousand_rows(self, sheet_file: Path) -> None:
        row = "- {task: gsm8k, value: 88.2, metric: accuracy, shots: 5, protocol: {harness: x}, note: n}\n"
        assert len(read(sheet_file, HEAD + row * 10_000).claims) == 10_000


class TestKeys:
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (HEAD + "- {task: a, value: 1, shot: 3}", ":3: unknown key 'shot' in claims[0]; did you mean 'shots'?"),
            ("modle: m\n", ":1: unknown key 'modle' in the sheet; did you mean 'model'?"),
            (
                HEAD + "- task: a\n  value: 1\n  protocol:\n    decodin: x",
                ":6: unknown key 'decodin' in protocol; did you mean 'decoding'?",
            ),
            (HEAD + "- {task: a, value: 1, zzzz: 3}", ":3: unknown key 'zzzz' in claims[0]; known are task, value,"),
            ("model: m\nvendor: v\nmodel: n", ":3: the key 'model' is there twice (first on line 1)"),
            ("<<: {model: m}", ":1: unknown key '<<' in the sheet"),
            ("? [a]\n: b", ":1: a key must be text"),
            ("model: m", ":1: the sheet has no 'claims': add it"),
            (HEAD + "- {task: a}", ":3: claims[0] has no 'value': add it"),
            (HEAD + "- {task: a, value: 1, compared_with: [{value: 1}]}", ":3: compared_with[0] has no 'model'"),
        ],
    )
    def test_errors_name_line_key_and_fix(self, sheet_file: Path, content: str, expected: str) -> None:
        assert refusal(sheet_file, content).startswith(expected)

    def test_a_hostile_key_is_shown_escaped_and_cut(self, sheet_file: Path) -> None:
        message = refusal(sheet_file, '"\\e[2J' + "k" * 5000 + '": 1')
        assert "\x1b" not in message
        assert len(message) < 300


class TestValues:
    @pytest.mark.parametrize(
        ("value", "fix"),
        [
            ("1e5", "as it was printed"),
            ("NaN", "as it was printed"),
            (".inf", "a digit"),
            ("-.5", "as it was printed"),
            ("0x1F", "as it was printed"),
            ("1_000", "as it was printed"),
            ("５", "as it was printed"),
            ("5.", "as it was printed"),
            ("", "as it was printed"),
            ("~", "as it was printed"),
            ("'1,417'", "no separator of thousands"),
            ("'69,8'", "after a point"),
            ("1e5 %", "as it was printed"),
            ("'%'", "as it was printed"),
            ("69.8%%", "as it was printed"),
            ("−3", "ASCII '-'"),
            ("+3", "ASCII '-'"),
            (".5", "a digit"),
            ("9" * 400, "at most 12 digits"),
            ("1." + "0" * 13, "at most 12 digits"),
        ],
    )
    def test_a_value_is_plain_decimal_text(self, sheet_file: Path, value: str, fix: str) -> None:
        message = refusal(sheet_file, HEAD + f"- task: a\n  value: {value}")
        assert message.startswith(":4: 'value' is ")
        assert fix in message

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ("value: [1]", "'value' must be one value, not a list"),
            ("value: {a: 1}", "'value' must be one value, not a mapping"),
            ("value: 1, samples: 0", "'samples' is '0': write a whole number from 1 on"),
            ("value: 1, samples: 1.5", "'samples' is '1.5'"),
            ("value: 1, samples: 9999999999", "'samples' is '9999999999'"),
            ("value: 1, samples: '1,319'", "'samples' is '1,319'"),
            ("value: 1, shots: -1", "'shots' is '-1': write a whole number from 0 on"),
            ("value: 1, repeats: 0", "'repeats' is '0'"),
            ("value: 1, repeats: many", "or 'several'"),
            ("value: 1, repeats: []", "'repeats' must be one value"),
            ("value: 1, unit: percnt", "did you mean 'percent'?"),
            ("value: 1, unit: kg", "use one of percent, fraction, elo, points"),
            ("value: 1, average: makro", "did you mean 'macro'?"),
            ("value: 1, average: macro, weights: {a: 1}", "add 'average: weighted'"),
            ("value: 1, average: weighted, weights: {a: 0}", "'weights.a' is '0': write a whole number from 1 on"),
            ("value: 1, average: weighted, weights: {a: }", "weights.'a' has no weight"),
            ("value: 1, average: weighted, weights: [a]", "'weights' must be a mapping"),
            ("value: 1, note: {a: b}", "'note' must be one value"),
            ("value: 1, protocol: {max_tokens: 2k}", "'max_tokens' is '2k': write a whole number from 1 on"),
            ("value: 1, protocol: greedy", "protocol must be a mapping"),
            ("value: 1, compared_with: {model: x}", "'compared_with' must be a list"),
            ("value: 1, compared_with: [{model: x, value: high}]", "'value' is 'high'"),
        ],
    )
    def test_wrong_types(self, sheet_file: Path, row: str, expected: str) -> None:
        assert expected in refusal(sheet_file, HEAD + f"- {{task: a, {row}}}")

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (HEAD, "'claims' is empty"),
            ("model: m\nclaims: 3", "'claims' must be a list"),
            (HEAD + "- 3", "claims[0] must be a mapping"),
            (HEAD + "-", "claims[0] must be a mapping ('key: value'), not nothing"),
            ("model: m\nfootnotes: x", "'footnotes' must be a list"),
            ("model: [m]", "'model' must be one value, not a list"),
            ("model: ' '", "'model' is empty"),
            (HEAD + "- {task: '', value: 1}", "'task' is empty"),
            ("- a", "the sheet must be a mapping"),
            ("hello", "the sheet must be a mapping"),
        ],
    )
    def test_wrong_shapes(self, sheet_file: Path, content: str, expected: str) -> None:
        assert expected in refusal(sheet_file, content)


class TestFiles:
    @pytest.mark.parametrize("content", ["", "\n\n", "# a comment\n", "~", "null", "---\n"])
    def test_empty(self, sheet_file: Path, content: str) -> None:
        assert "the sheet is empty" in refusal(sheet_file, content)

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"\x89PNG\r\n\x1a\n\x00\x00", ":1: not text in UTF-8 (byte 0x89)"),
            ("model: ü".encode("latin-1"), ":1: not text in UTF-8 (byte 0xfc)"),
            ("model: m".encode("utf-16"), ":1: not text in UTF-8 (byte 0xff)"),
            (b"model: m\nvendor: \x00", ":2: the character U+0000"),
            (b"model: m\nvendor: \x1b[2J", ":2: the character U+001B"),
        ],
    )
    def test_not_text(self, sheet_file: Path, content: bytes, expected: str) -> None:
        assert refusal(sheet_file, content).startswith(expected)

    def test_folder_missing_and_unreadable(self, tmp_path: Path) -> None:
        for path, words in (
            (tmp_path, "this is a folder"),
            (tmp_path / "none.yaml", "there is no such file"),
            (tmp_path / "a\0b", "cannot be read"),
            (tmp_path / ("x" * 4000), "cannot be read"),
        ):
            with pytest.raises(InputError, match=words):
                read_sheet(path)

    def test_too_large(self, sheet_file: Path) -> None:
        assert "larger than 8 MiB" in refusal(sheet_file, b"#" * (MAX_BYTES + 1))

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", ":1: anchors (&name) are not allowed"),
            ("model: m\nvendor: *a", ":2: aliases (*name) are not allowed"),
            ("model: !!python/object/apply:os.system [ls]", ":1: tags (!name) are not allowed"),
            ("model: !x m", ":1: tags (!name) are not allowed"),
            ("[" * 100_000, "nest"),
            ("- " * 100_000, "nest"),
            ("{a: " * 100, ":1: nested deeper than 8 levels"),
            ("model: m\n---\nmodel: n", ":2: a second document begins here"),
            (
                "model: a: b",
                ":1: not valid YAML: mapping values are not allowed in this context; put a text that holds",
            ),
            ("\tmodel: m", ":1: not valid YAML: found character that cannot start any token; indent with spaces"),
            ("model: 'm", "close the quotes"),
            ("model: [m", "check indentation, brackets and quotes"),
            ('model: "\\ud800"', "not valid YAML"),
            ("%YAML 9.9\n---\nmodel: m", "not valid YAML"),
        ],
    )
    def test_yaml_beyond_plain_data(self, sheet_file: Path, content: str, expected: str) -> None:
        assert expected in refusal(sheet_file, content)


class TestFuzz:
    """Whatever the bytes, it is a sheet or one line."""

    @staticmethod
    def survive(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        try:
            result = read_sheet(path).model
        except InputError as error:
            result = str(error).removeprefix(str(path))
            single = result.splitlines() == [result]
        else:
            single = True
        assert result
        assert single

    @given(content=st.binary(max_size=200))
    def test_random_bytes(self, tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
        self.survive(tmp_path_factory.getbasetemp() / "fuzz.yaml", content)

    @given(content=st.text(alphabet="model: claims-[]{}&*!'\"|>#%@\n\t ?,0123456789.~<\\é\u2028\x85", max_size=80))
    def test_random_yaml(self, tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
        self.survive(tmp_path_factory.getbasetemp() / "fuzz.yaml", content.encode())

    @given(data=st.data())
    def test_mutated_sheets(self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        content = bytearray(FULL.encode())
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(content) - 1))
            end = start + data.draw(st.integers(0, 6))
            content[start:end] = data.draw(
                st.one_of(st.binary(max_size=4), st.sampled_from([b"\n", b": ", b"- ", b"[", b"'"]))
            )
            if not content:
                break
        self.survive(tmp_path_factory.getbasetemp() / "fuzz.yaml", bytes(content))


class TestPercentAndFraction:
    @pytest.mark.parametrize("written", ["60.1%", "60.1 %", "'60.10%'"])
    def test_a_percent_sign_states_the_unit(self, sheet_file: Path, written: str) -> None:
        (claim,) = read(sheet_file, HEAD + f"- {{task: a, value: {written}}}").claims
        assert (claim.value, claim.unit) == (written.strip("' %"), "percent")

    @pytest.mark.parametrize("unit", ["fraction", "elo", "points"])
    def test_a_percent_sign_beside_another_unit(self, sheet_file: Path, unit: str) -> None:
        message = refusal(sheet_file, HEAD + f"- task: a\n  value: 60.1%\n  unit: {unit}")
        assert message == f":4: 'value' is in percent: leave out the % or the unit '{unit}'"

    def test_another_models_value_takes_one_too(self, sheet_file: Path) -> None:
        row = "- {task: a, value: 60, compared_with: [{model: b, value: 59.1%}]}"
        assert read(sheet_file, HEAD + row).claims[0].compared_with[0].value == "59.1"

    @pytest.mark.parametrize(
        ("rows", "line"),
        [
            (["value: 0.916"], 3),
            (["value: 1"], 3),
            (["value: 0.9"], 3),
            (["value: 0", "value: 0.9"], 4),
            (["value: 0.9, unit: fraction", "value: 0.8"], 4),
            (["value: 1400, unit: elo", "value: 0.8"], 4),
            (["value: 91.6", "value: 0.87"], 4),
            (["value: 91.6%", "value: 0.87"], 4),
        ],
    )
    def test_a_value_that_may_be_either_is_refused(self, sheet_file: Path, rows: list[str], line: int) -> None:
        message = refusal(sheet_file, HEAD + "".join(f"- {{task: a, {row}}}\n" for row in rows))
        assert message.startswith(f":{line}: 'value: {rows[line - 3].split()[-1]}' may be a fraction or percent: ")
        assert "add 'unit: fraction' or write " in message
        assert "unit: percent" in message

    def test_the_fix_names_the_percentage(self, sheet_file: Path) -> None:
        assert "or write 91.6, or" in refusal(sheet_file, HEAD + "- {task: a, value: 0.916}")

    def test_the_audit_asks_nothing(self, sheet_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        sheet_file.write_text(HEAD + "- {task: gsm8k, value: 0.916}\n")
        assert execute(["audit", str(sheet_file), "--model", "openai:m@http://127.0.0.1:9/v1"]) == ExitCode.BAD_INPUT
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{sheet_file}:3: 'value: 0.916' may be a fraction or percent" in line

    @pytest.mark.parametrize(
        ("rows", "units"),
        [
            (["value: 0.916, unit: fraction"], ["fraction"]),
            (["value: 0.31, unit: percent"], ["percent"]),
            (["value: 0.31%"], ["percent"]),
            (["value: 91.6", "value: 0.31, unit: percent"], ["percent", "percent"]),
            (["value: 91.6", "value: 0.9"], ["percent", "percent"]),
            (["value: 0"], ["percent"]),
            (["value: 0.31, unit: points"], ["points"]),
        ],
    )
    def test_a_stated_unit_settles_it(self, sheet_file: Path, rows: list[str], units: list[str]) -> None:
        sheet = read(sheet_file, HEAD + "".join(f"- {{task: a, {row}}}\n" for row in rows))
        assert [claim.unit for claim in sheet.claims] == units


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{task: a, value: 98,5}", ":3: 'value: 98,5' has a decimal comma: write 98.5"),
        ("{task: a, value: 98,5 %, samples: 100}", ":3: 'value: 98,5 %' has a decimal comma: write 98.5 %"),
        ("{task: a, value: -0,25, unit: elo}", ":3: 'value: -0,25' has a decimal comma: write -0.25"),
        ("{task: a, value: 98, 5: x}", ":3: unknown key '5' in claims[0]; known are"),
        ("{task: a, 5, value: 98}", ":3: unknown key '5' in claims[0]; known are"),
    ],
)
def test_a_decimal_comma_in_braces_is_named_as_one(sheet_file: Path, row: str, said: str) -> None:
    """For YAML such a row has a key ``5`` without a value."""
    assert refusal(sheet_file, f"model: m\nclaims:\n  - {row}\n").startswith(said)
