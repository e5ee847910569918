"""The page: one file, nothing loaded, nothing run, every text escaped, legible in both colour schemes."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

import steelyard.reports
from steelyard.records import Finding, Note, VerdictWord
from steelyard.reports import html
from tests.reports import report_fixtures as make

HOSTILE = "</title></style><script>alert(1)</script><img src=//evil.example onerror=x>\"' {{7*7}} \x1b[2J\u202e\ud800"
VOID = {"meta", "br", "img", "link", "input", "hr"}
DRAWN = {"path", "line", "circle", "rect", "use"}


class Page(HTMLParser):
    """What a browser would load, run and show."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    @property
    def shown(self) -> str:
        return " ".join("".join(self.text).split())


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(html.render(make.verdict(), make.plan()))


def hostile_page() -> str:
    verdict, plan = make.verdict(), make.plan()
    verdict = msgspec.structs.replace(
        verdict,
        model=HOSTILE,
        served=HOSTILE,
        findings=(Finding(detector=HOSTILE, check=HOSTILE, task=HOSTILE, null=HOSTILE, message=HOSTILE),),
        notes=(Note(detector=HOSTILE, check=HOSTILE, task=HOSTILE, message=HOSTILE),),
        claims=tuple(
            msgspec.structs.replace(claim, task=HOSTILE, claimed_text=HOSTILE, reason=HOSTILE, place=HOSTILE)
            for claim in verdict.claims
        ),
        measurements=tuple(
            msgspec.structs.replace(each, task=HOSTILE, prompt=HOSTILE, role=HOSTILE, scorer=HOSTILE, reason=HOSTILE)
            for each in (*verdict.measurements, make.only_measured())
        ),
        limits=(HOSTILE,),
    )
    assert plan.sheet is not None
    sheet = msgspec.structs.replace(
        plan.sheet, vendor=HOSTILE, date=HOSTILE, path=HOSTILE, digest=HOSTILE, source=f"javascript:{HOSTILE}"
    )
    identity = msgspec.structs.replace(
        plan.subject.identity, uri=HOSTILE, name=HOSTILE, backend=HOSTILE, machine=HOSTILE, details={HOSTILE: HOSTILE}
    )
    model = msgspec.structs.replace(plan.subject, identity=identity)
    hostile = msgspec.structs.replace(
        plan,
        sheet=sheet,
        models={"subject": model, HOSTILE: model},
        measurements=tuple(
            msgspec.structs.replace(each, task=HOSTILE, prompt=HOSTILE, scorers=(HOSTILE,), differences=(HOSTILE,))
            for each in plan.measurements
        ),
        tests=tuple(msgspec.structs.replace(test, id=HOSTILE) for test in plan.tests),
        served=tuple(msgspec.structs.replace(each, differences=(HOSTILE,)) for each in plan.served),
        created=HOSTILE,
    )
    return html.render(verdict, hostile)


@pytest.mark.parametrize("hostile", [False, True])
def test_nothing_is_loaded_and_nothing_runs(hostile: bool) -> None:
    source = hostile_page() if hostile else html.render(make.verdict(), make.plan())
    page = Page(source)
    assert page.open == []
    for tag, attributes in page.tags:
        assert tag not in {"script", "img", "iframe", "object", "embed", "link", "form", "base"}, tag
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "xlink:href"}]
        address = attributes.get("href") or "#"
        assert address.startswith("#") or (tag == "a" and address.startswith("https://huggingface.co/")), address
    style = source.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    policies = [str(values["content"]) for tag, values in page.tags if values.get("http-equiv")]
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_hostile_text_is_shown_as_text() -> None:
    source = hostile_page()
    assert "<script" not in source
    assert not set("\x1b\u202e\ud800") & set(source)
    source.encode()
    assert "<script>alert(1)</script>" in Page(source).shown
    assert "{{7*7}}" in Page(source).shown


def test_the_verdict_comes_first_in_one_sentence(page: Page) -> None:
    shown = page.shown
    assert "Inconsistent: the served model does not reach the claim on GSM8K" in shown
    assert shown.index("Inconsistent: the served") < shown.index("Claims and measured scores")


def test_the_page_shows_everything_that_decided(page: Page) -> None:
    for part in (
        "58 of 1,319",
        "consistent to within 2.0 points",
        "needs about 1,200 more samples, about 21 minutes",
        "Not explained by re-runs",
        "its data is not here: give --data DIR",
        "3-shot where the vendor says 5-shot",
        "choice[characters]@1",
        "c1" * 32,
        "b179c9523d0e",
        "697,500",
        "A gap does not prove training on the test",
        "steelyard verify .",
        "LMArena: measured on Llama-4-Maverick-03-26-Experimental",
        "Exit code 1: something is inconsistent.",
    ):
        assert part in page.shown, part


def test_it_can_be_used_without_eyes_or_mouse(page: Page) -> None:
    ids = [str(values["id"]) for _, values in page.tags if values.get("id")]
    assert len(ids) == len(set(ids))
    for tag, values in page.tags:
        for name in str(values.get("aria-labelledby") or "").split():
            assert name in ids
        if tag == "th":
            assert values.get("scope") in {"row", "col"}
        if tag == "svg":
            assert values.get("aria-hidden") == "true" or values.get("role") == "img"
        if tag == "use":
            assert str(values["href"]).removeprefix("#") in ids
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert tags.count("table") == tags.count("caption") == 2
    assert ("a", {"class": "skip", "href": "#claims"}) in page.tags
    assert tags.count("details") == 3


@pytest.mark.parametrize(
    ("source", "linked"),
    [
        ("https://a.example/x", True),
        ("javascript:alert(1)", False),
        ("see the card", False),
        ("https://a\u202e.b", False),
    ],
)
def test_only_a_web_address_becomes_a_link(source: str, linked: bool) -> None:
    plan = make.plan()
    assert plan.sheet is not None
    text = html.render(
        make.verdict(), msgspec.structs.replace(plan, sheet=msgspec.structs.replace(plan.sheet, source=source))
    )
    assert ('rel="noopener noreferrer nofollow"' in text) is linked


def test_a_screen_without_claims_or_plan() -> None:
    verdict = msgspec.structs.replace(
        make.verdict(),
        verdict=VerdictWord.NOT_TESTED,
        exit=99,
        alpha=math.nan,
        findings=(),
        notes=(),
        claims=(),
        measurements=(),
    )
    page = Page(html.render(verdict))
    assert "The sheet has no claim that could be tested on a model." in page.shown
    assert "Calls, tokens and time" not in page.shown
    assert "nan" not in page.shown
    noted = msgspec.structs.replace(verdict, notes=make.verdict().notes)
    assert "The desk screen found no impossible value." in Page(html.render(noted)).shown


def test_sampled_measurements_say_so() -> None:
    plan = make.plan()
    sampled = msgspec.structs.replace(plan.measurements[1], decoding="sampled", temperature=0.7, repeats=4, limit=100)
    shown = Page(html.render(make.verdict(), make.only(plan, sampled))).shown
    assert "sampled at temperature 0.7" in shown
    assert "1,319, each 4 times" in shown
    assert "Limit on samples" in shown


def test_what_nothing_tests_is_shown_with_its_errors_and_pass_at_k() -> None:
    humaneval = make.measurement("HumanEval", 164, prompt="chat", scorers=("code[program]@2",), repeats=5)
    plan = msgspec.structs.replace(make.plan(), sheet=None, measurements=(humaneval,), tests=(), served=())
    page = Page(html.render(make.measured_verdict(), plan))
    for part in (
        "Measured: HumanEval 41.3 % (95 % interval 36.1–46.7 %). 1 answer is missing.",
        "Measured scores",
        "36.1–46.7 %",
        "820 of 820",
        "1 missing",
        "7 unparsed",
        "standard error 3.1 points, clustered by 12 subtasks",
        "pass@1: 41.2 % to 41.3 %, 95 % interval 36.1–46.7 %",
        "pass@5: 62.0 %, 95 % interval 54.3–69.1 %",
        "164, each 5 times",
        "826",
    ):
        assert part in page.shown, part
    for part in ("claimed by", "The claims", "Claim sheet", "desk screen", "How each interval closed"):
        assert part not in page.shown, part
    beside = msgspec.structs.replace(make.verdict(), measurements=make.measured_verdict().measurements)
    assert "Further measurements" in Page(html.render(beside, make.plan())).shown


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of #rgb or #rrggbb."""
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", ["report.css", "summary.css"])
def test_all_text_has_contrast_in_every_scheme(name: str) -> None:
    style = "".join(
        (Path(steelyard.reports.__file__).parent / "templates" / each).read_text("utf-8")
        for each in ("colours.css", name)
    )
    schemes = [dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{[^}]*\}", style)]
    assert len(schemes) == 3
    for scheme in schemes:
        for ink in ("ink", "muted", "consistent", "inconsistent", "insufficient-power", "not-testable", "not-tested"):
            for ground in ("paper", "surface"):
                light, dark = sorted((luminance(scheme[ink]), luminance(scheme[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground, scheme)


def test_a_run_with_prices_shows_the_money() -> None:
    plan, verdict = make.plan(), make.verdict()
    assert "cost at your prices" not in html.render(verdict, plan)
    limits = msgspec.structs.replace(plan.subject.limits, price_prompt=2.0, price_completion=10.0)
    priced = msgspec.structs.replace(plan, models={"subject": msgspec.structs.replace(plan.subject, limits=limits)})
    page = html.render(verdict, priced)
    results = {each.measurement: each for each in verdict.measurements}.values()
    money = sum(each.prompt_tokens * 2 + each.completion_tokens * 10 for each in results) / 1e6
    shown = f"{money:,.2f}" if money >= 1 else f"{money:.2g}"
    assert f'data-label="Cost">{shown}</td>' in page


def test_the_run_is_named_at_the_end_and_on_every_sheet() -> None:
    page = html.render(make.verdict(), make.plan(), "0123456789abcdef" * 4)
    assert 'content: "Steelyard report, run 0123456789abcdef"' in page
    assert "Run <code>0123456789abcdef</code>. Exit code" in page
    assert "run x" not in html.render(make.verdict(), make.plan(), 'x"; } body { display: none')  # no digest
