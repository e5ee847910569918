"""The summary: one A4 sheet, nothing loaded or run, every text escaped, no English left in the German one."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import msgspec
import pytest

from steelyard.records import DetectorResult, Finding, Limits, Origin, Verdict, VerdictWord
from steelyard.reports import summary
from testkit.browser import measured, open_tab
from tests.reports import report_fixtures as make
from tests.reports import summary_fixtures as of
from tests.reports.test_html import HOSTILE, Page

LANGUAGES = ("en", "de")
# Words of any English sentence that are no German words.
STOP_WORDS = re.compile(
    r"\b(the|and|of|is|are|were|be|been|not|no|to|with|without|for|from|by|at|on|or|it|its|this|that|these|which|"
    r"may|can|cannot|would|more|than|only|each|one|two|answers|claim|claims|vendor|below|above|asked|score|"
    r"needs|given|has|have)\b",
    re.IGNORECASE,
)


class Shown(Page):
    """The text that a reader of the page's language sees: not what is marked as English, and no command."""

    def __init__(self, source: str) -> None:
        self.foreign: list[str] = []
        self.own: list[str] = []
        self.marked: list[bool] = []
        super().__init__(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            is_foreign = tag == "code" or (tag != "html" and dict(attrs).get("lang") in ("en", ""))
            self.marked.append(is_foreign or (bool(self.marked) and self.marked[-1]))

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        self.marked.pop()

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        if "style" not in self.open:
            (self.foreign if self.marked and self.marked[-1] else self.own).append(data)


def shown(source: str) -> str:
    return Page(source).shown


def english_left(source: str) -> list[str]:
    page = Shown(source)
    return STOP_WORDS.findall(" ".join(page.own))


# ── one sheet ───────────────────────────────────────────────────────────────────────────────────────────────────────


def printed_pages(devtools: str, page: str, folder: Path) -> int:
    """How many sheets the page takes in print."""
    (folder / "page.html").write_text(page, "utf-8")

    async def visit() -> bytes:
        async with open_tab(devtools) as tab:
            await tab.visit((folder / "page.html").as_uri(), width=1280, dark=False)
            return base64.b64decode(
                (await tab.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True))["data"]
            )

    return len(re.findall(rb"/Type\s*/Page\b", asyncio.run(visit())))


@pytest.mark.parametrize("language", LANGUAGES)
def test_fourteen_claims_fit_one_sheet(language: str, devtools: str, tmp_path: Path) -> None:
    assert printed_pages(devtools, of.page(of.fourteen(), language), tmp_path) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_ordinary_sheet_has_the_count_of_questions_and_is_one(language: str, devtools: str, tmp_path: Path) -> None:
    claims = [make.decided(task, "57.0", 0.6, 1234, 14042, VerdictWord.CONSISTENT) for task in "ABCDEFG"]
    page = of.page(of.with_claims(*claims, word=VerdictWord.CONSISTENT), language)
    assert page.count('<span class="asked">') == 7
    assert 'class="sheet dense"' not in page
    assert printed_pages(devtools, page, tmp_path) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_long_reasons_and_names_fit_one_sheet(language: str, devtools: str, tmp_path: Path) -> None:
    claims = tuple(
        msgspec.structs.replace(claim, task="word_sequence_reversal" * 3, reason=claim.reason and "long words " * 60)
        for claim in of.fourteen().claims
    )
    verdict = msgspec.structs.replace(of.fourteen(), claims=claims, model="M" * 90, served="s" * 150)
    assert printed_pages(devtools, of.page(verdict, language), tmp_path) == 1


def test_every_printed_page_carries_the_id_of_the_run() -> None:
    """In print the sheet is a table, and the footer its repeated foot."""
    page = of.page(make.verdict())
    foot = page[page.index("<footer>") : page.index("</footer>")]
    assert "22055196fdc7e41c" in foot
    assert "footer { display: table-footer-group; break-inside: avoid; }" in page


@pytest.mark.parametrize(
    "width", [360, 760, *(pytest.param(each, marks=pytest.mark.slow) for each in (390, 736, 1280))]
)
def test_the_page_never_scrolls_sideways(width: int, devtools: str, tmp_path: Path) -> None:
    for page in (of.page(make.verdict(), "de"), hostile_page("de")):
        result = measured(devtools, page, width, tmp_path)
        assert result["scroll"] <= result["client"] <= width
        assert result["loaded"] == 0


def test_it_follows_the_colour_scheme(devtools: str, tmp_path: Path) -> None:
    page = of.page(make.verdict())
    grounds = [measured(devtools, page, 800, tmp_path, dark=dark)["background"] for dark in (False, True)]
    assert grounds == ["rgb(251, 250, 246)", "rgb(22, 22, 21)"]


# ── texts of others ─────────────────────────────────────────────────────────────────────────────────────────────────


def hostile_page(language: str) -> str:
    verdict, plan = make.verdict(), make.plan()
    test = DetectorResult(test=HOSTILE, rule=HOSTILE, word=VerdictWord.INSUFFICIENT_POWER, p=0.1, reason=HOSTILE)
    verdict = msgspec.structs.replace(
        verdict,
        model=HOSTILE,
        served=HOSTILE,
        names=HOSTILE,
        findings=(Finding(detector=HOSTILE, check=HOSTILE, task=HOSTILE, null=HOSTILE, message=HOSTILE),),
        results=(test,),
        claims=tuple(
            msgspec.structs.replace(claim, task=HOSTILE, claimed_text=HOSTILE, reason=HOSTILE, note=HOSTILE)
            for claim in verdict.claims
        ),
    )
    assert plan.sheet is not None
    sheet = msgspec.structs.replace(plan.sheet, vendor=HOSTILE, date=HOSTILE)
    subject = msgspec.structs.replace(
        plan.subject,
        identity=msgspec.structs.replace(plan.subject.identity, name=HOSTILE, details={"answers_as": HOSTILE}),
    )
    plan = msgspec.structs.replace(
        plan,
        sheet=sheet,
        models={"subject": subject},
        software=HOSTILE,
        created=HOSTILE,
        origin=Origin(kind="imported", harness=HOSTILE),
        measurements=tuple(msgspec.structs.replace(each, task=HOSTILE) for each in plan.measurements),
    )
    return of.page(verdict, language, plan)


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_text_stays_text(language: str) -> None:
    source = hostile_page(language)
    page = Page(source)
    assert page.open == []
    assert {tag for tag, _ in page.tags} & {"script", "img", "iframe", "a", "form", "link"} == set()
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert not re.search("[\x1b\u202e\ud800]", source)
    assert "{{7*7}}" in page.shown  # not evaluated
    assert all(len(word) < 400 for word in page.shown.split())


def test_nothing_is_loaded_or_run() -> None:
    page = Page(of.page(make.verdict()))
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    assert not any(name in ("src", "srcset") for _, attributes in page.tags for name in attributes)
    assert {attributes["href"] for _, attributes in page.tags if "href" in attributes} <= {
        f"#sign-{word.value.replace('_', '-')}" for word in VerdictWord
    }


# ── what it says ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_parts_come_in_the_order_in_which_they_are_needed() -> None:
    text = shown(of.page(make.verdict()))
    parts = ["Inconsistent:", "What was claimed", "How sure is this?", "What to do next", "Who, when", "How to check"]
    assert sorted(text.index(part) for part in parts) == [text.index(part) for part in parts]


@pytest.mark.parametrize(
    ("word", "english", "german"),
    [
        (
            VerdictWord.INCONSISTENT,
            "Inconsistent: the model as served does not reach the claim on GSM8K. Claimed: 57.0 %. Measured: 20.7 %.",
            "Nicht vereinbar mit der Angabe: Das Modell erreicht am geprüften Endpunkt den angegebenen Wert für GSM8K "
            "nicht. Angegeben: 57,0 %. Gemessen: 20,7 %.",
        ),
        (
            VerdictWord.CONSISTENT,
            "Consistent: the claim on HellaSwag holds for the model as served, to within 2.0 points.",
            "Vereinbar mit der Angabe: Der angegebene Wert für HellaSwag trifft am geprüften Endpunkt zu: Er wird um "
            "höchstens 2,0 Punkte unterschritten.",
        ),
        (
            VerdictWord.INSUFFICIENT_POWER,
            "Undecided (insufficient power): there is too little evidence to confirm or to reject the claim on "
            "MMLU (cloze).",
            "Nicht entscheidbar mit diesen Antworten: Für MMLU (cloze) reicht es weder zur Bestätigung noch zur "
            "Ablehnung.",
        ),
        (
            VerdictWord.NOT_TESTABLE,
            "Not testable: something that a test needs is missing for BBH.",
            "Hier nicht prüfbar: Für BBH fehlt eine Voraussetzung der Prüfung.",
        ),
        (
            VerdictWord.NOT_TESTED,
            "Not tested: there was no test of the claim on IFEval.",
            "Nicht geprüft: Für IFEval liegt keine Prüfung vor.",
        ),
    ],
)
def test_each_verdict_in_one_sentence(word: VerdictWord, english: str, german: str) -> None:
    assert english in shown(of.page(of.of_word(word), "en"))
    page = of.page(of.of_word(word), "de")
    assert german in shown(page)
    assert '<html lang="de">' in page


def lead(verdict: Verdict, language: str = "en") -> str:
    found = re.search(r'<p class="lead">(.*?)</p>', of.page(verdict, language), re.DOTALL)
    assert found is not None
    return shown(found[1])


def test_the_sentence_on_several_claims() -> None:
    below = [make.decided(task, "57.0", 0.2, 90, 1319, VerdictWord.INCONSISTENT) for task in "AB"]
    held = [make.decided(task, "57.0", 0.6, 90, 1319, VerdictWord.CONSISTENT, tolerance=0.03) for task in "CD"]
    assert lead(of.with_claims(*below, word=VerdictWord.INCONSISTENT)).endswith("reaches none of the 2 claims.")
    assert lead(of.with_claims(*below, *held, word=VerdictWord.INCONSISTENT)).endswith("reach 2 of the 4 claims.")
    assert lead(of.with_claims(*held, word=VerdictWord.CONSISTENT)).endswith(
        "all 2 claims hold for the model as served, to within 3.0 points."
    )
    undecided = of.of_word(VerdictWord.INSUFFICIENT_POWER).claims
    assert lead(of.with_claims(*undecided, *held, word=VerdictWord.INSUFFICIENT_POWER)).endswith("1 of the 3 claims.")


def test_the_sentence_on_findings_alone() -> None:
    finding = make.verdict().findings[0]
    table = msgspec.structs.replace(make.verdict(), claims=(), findings=(finding, finding))
    assert lead(table).endswith("the published table does not stand up to checking: 2 findings.")
    other = msgspec.structs.replace(table, findings=(msgspec.structs.replace(finding, detector="tail"),))
    assert "a further test speaks against" in lead(other)
    assert "Besides, the further checks have 1 finding." in lead(make.verdict())


def test_a_run_that_only_measured() -> None:
    plan = msgspec.structs.replace(make.plan(), sheet=None, tests=(), served=())
    page = of.page(make.measured_verdict(), "de", plan)
    text = shown(page)
    assert "Gemessen: Das Modell erreicht am geprüften Endpunkt 41,3 % bei HumanEval." in text
    assert "ZUSAMMENFASSUNG EINER MESSUNG" in text.upper()
    assert "ehrlicher Anbieter" not in text
    assert english_left(page) == []
    several = msgspec.structs.replace(make.measured_verdict(), measurements=(make.only_measured(),) * 2)
    assert lead(several) == "Measured: 2 results of the model as served. Nothing was claimed, so nothing was tested."
    assert lead(msgspec.structs.replace(several, measurements=())) == "Measured: no answer was scored."


def test_of_several_models_each_row_names_its_own() -> None:
    one = make.measured_verdict()
    second = msgspec.structs.replace(one.measurements[0], role="candidate-2", model="<i>Other</i> " + "x" * 60)
    verdict = msgspec.structs.replace(one, measurements=(*one.measurements, second))
    asked = make.plan()
    other = msgspec.structs.replace(
        asked.models["subject"],
        identity=msgspec.structs.replace(asked.models["subject"].identity, uri="gguf:other.gguf"),
    )
    plan = msgspec.structs.replace(asked, sheet=None, tests=(), served=(), models=asked.models | {"candidate-2": other})
    page = of.page(verdict, "en", plan)
    assert "HumanEval (chat), SmolLM2-135M-Instruct</th>" in page
    assert re.search(r"HumanEval \(chat\), &lt;i&gt;Other&lt;/i&gt; x+… \(candidate-2\)</th>", page)
    assert "2 results of 2 models as served." in shown(page)
    assert "embedded:smollm2; gguf:other.gguf" in shown(page)
    assert "2 Ergebnisse von 2 Modellen." in shown(of.page(verdict, "de", plan))


def test_a_run_with_further_tests() -> None:
    test = DetectorResult(test="tail-answers", rule="tail@1", word=VerdictWord.INSUFFICIENT_POWER, p=0.31)
    verdict = msgspec.structs.replace(
        make.measured_verdict(), verdict=VerdictWord.INSUFFICIENT_POWER, results=(test,) * 4
    )
    text = shown(of.page(verdict))
    assert "tail-answers: undecided (insufficient power)" in text
    assert "and 2 more, in the report" in text
    assert lead(verdict, "de").endswith("Für einen weiteren Test reicht es zu keiner Entscheidung.")


def test_how_sure_it_is() -> None:
    text = shown(of.page(of.of_word(VerdictWord.INCONSISTENT)))
    assert "By chance, an honest vendor would be called inconsistent in at most 5 of 100 such tables" in text
    assert (
        "GSM8K: the true score of the model as served (if every question were asked) lies between 7.8 and 39.9 %"
        in text
    )
    assert "by up to 2.0 points still counts as the claim" in text
    assert "does not prove bad faith" in text
    assert "asked differently from the vendor" in text
    assert "(2) can neither accuse the vendor" in text  # two missing answers


def test_what_the_numbers_rest_on() -> None:
    claim = make.decided("A", "5", 0.05, 9, 10, VerdictWord.CONSISTENT, formats=("chat", "completion"))
    verdict = msgspec.structs.replace(of.with_claims(claim, word=VerdictWord.CONSISTENT), not_recomputed=("tail",))
    plan = msgspec.structs.replace(make.plan(), origin=Origin(kind="imported", harness="lm-eval 0.4"))
    text = shown(of.page(verdict, "en", plan))
    assert "from a log of lm-eval 0.4: Steelyard did not see the calls" in text
    assert "names no prompt format" in text
    assert "plugin is not installed here (1)" in text
    assert english_left(of.page(verdict, "de", plan)) == []


def test_who_and_when_and_what_it_took() -> None:
    page = of.page(make.verdict(), "de")
    text = shown(page)
    for part in (
        "Plan versiegelt am 24. November 2026, 15:02 Uhr (UTC), vor dem ersten Aufruf.",
        "Lauf versiegelt am 26. November 2026, 10:36 Uhr (UTC).",
        "mit dem Schlüssel 06157e8656a10dd3…",
        "2.259 Aufrufe, etwa 40 Minuten, 697.500 Token gesendet und 108.000 empfangen",
        "steelyard 0.1.0",
        "embedded:smollm2",
        "steelyard verify acme",
        "Prüfsumme (Merkle-Wurzel) 9d5ac24291e739c8",
        "Angaben des Anbieters „Hugging Face“ vom 2. November 2024",
    ):
        assert part in text


def test_an_unsigned_run_says_so() -> None:
    text = shown(of.page(make.verdict(), of=of.provenance(signed=False)))
    assert "not signed: nothing shows who made it" in text


def test_an_unfinished_run_says_so_first() -> None:
    text = shown(of.page(make.verdict(), of=of.provenance(sealed=False)))
    assert "not finished and not sealed" in text
    assert text.index("not finished") < text.index("What was claimed")
    assert "report.html in the run’s folder" not in text
    assert "How to check it" not in text


def test_money_only_where_the_plan_has_prices() -> None:
    assert "per million tokens" not in shown(of.page(make.verdict()))
    plan = make.plan()
    limits = Limits(price_prompt=0.15, price_completion=0.6)
    priced = msgspec.structs.replace(plan, models={"subject": msgspec.structs.replace(plan.subject, limits=limits)})
    assert "0.17, at the prices that were given: 0.15 in and 0.6 out, per million tokens" in shown(
        of.page(make.verdict(), "en", priced)
    )
    assert "0,17, zu den angegebenen Preisen: 0,15 gesendet" in shown(of.page(make.verdict(), "de", priced))
    half = msgspec.structs.replace(limits, price_completion=None)
    half_priced = msgspec.structs.replace(plan, models={"subject": msgspec.structs.replace(plan.subject, limits=half)})
    assert "per million" not in shown(of.page(make.verdict(), "en", half_priced))


@pytest.mark.parametrize(
    ("names", "english", "german"),
    [
        ("a; b (names that share no word: one is taken for an alias)", "share no word", "ohne gemeinsames Wort"),
        ("a; b (two models by their names, accepted as one)", "accepted as one", "als eines anerkannt"),
        ("a; b (two models by their names)", "two models", "den Namen nach zwei Modelle"),
        ("a; b (only one of them states a precision)", "a precision", "eine Genauigkeit"),
        ("a; b", "answers as", "antwortet als"),
    ],
)
def test_the_names_of_the_endpoint(names: str, english: str, german: str) -> None:
    verdict = msgspec.structs.replace(make.verdict(), names=names)
    assert english in shown(of.page(verdict))
    page = of.page(verdict, "de")
    assert german in shown(page)
    assert english_left(page) == []


# ── German ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", of.REASONS)
@pytest.mark.parametrize("word", [VerdictWord.NOT_TESTABLE, VerdictWord.NOT_TESTED, VerdictWord.INSUFFICIENT_POWER])
def test_no_reason_is_left_in_english(kind: str, word: VerdictWord) -> None:
    page = of.page(of.of_reason(of.REASONS[kind][0], word), "de")
    assert english_left(page) == []
    assert (of.REASONS[kind][0][:40] in " ".join(Shown(page).foreign)) == (kind == "other")


def test_no_english_is_left_on_the_whole_page() -> None:
    for verdict in (make.verdict(), of.fourteen(), *(of.of_word(word) for word in VerdictWord)):
        for where in (of.provenance(), of.provenance(signed=False), of.provenance(sealed=False)):
            assert english_left(of.page(verdict, "de", of=where)) == []


def test_the_stop_words_would_find_english() -> None:
    assert english_left(of.page(make.verdict(), "en"))


def test_no_number_is_written_the_english_way_in_german() -> None:
    page = Shown(of.page(msgspec.structs.replace(of.fourteen(), findings=()), "de"))
    text = re.sub(r"steelyard 0\.1\.0|MMLU-Pro", "", " ".join(page.own))
    assert re.findall(r"\d\.\d(?!\d\d)|\d,\d{3}", text) == []


def test_an_unknown_language_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        summary.render(make.verdict(), make.plan(), of.provenance(), "fr")
