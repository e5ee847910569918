"""Templates of strangers: what they take and make is bounded, whatever they try; plain ones stay as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.tasks.template import Expression, Template

WHERE = "task.yaml: prompts.q"
ROW = {"q": "What is 1 + 2?", "l": ["a", "b"], "d": {"k": "v"}, "n": 3, "long": "x" * 100_000}
DOUBLED = "{% set a0 = [q, q] %}" + "".join(f"{{% set a{i + 1} = [a{i}, a{i}] %}}" for i in range(60))
NESTED = "{% for b in [[q, q]] %}" * 12
HOSTILE = {
    "repeat": '{{ "x" * 9000000000 }}',
    "repeat a list": '{{ ["x" * 4000] * 9000 }}',
    "repeat from the left": '{{ 9000000000 * "x" }}',
    "loops": '{% for a in "x" * 9999 %}{% for b in "x" * 9999 %}{% for c in "x" * 9999 %}x{% endfor %}{% endfor %}{% endfor %}',  # noqa: E501
    "loops without output": '{% for a in "x" * 9999 %}{% for b in "x" * 9999 %}{% endfor %}{% endfor %}',
    "power": "{{ 9 ** (9 ** 9) }}",
    "powers": "{{ (((9 ** 999) ** 999) ** 999) ** 999 }}",
    "product": "{{ 9 ** 900 * 9 ** 900 }}",
    "replace": '{{ q | replace("", "x" * 100000) | replace("x", "x" * 100000) }}',
    "replace by a method": '{{ long.replace("x", long) }}',
    "join": "{{ long | list | join(long) }}",
    "join by a method": "{{ long.join(long) }}",
    "join references": "{{ ([long] * 100000) | join }}",
    "mapped references": "{{ ([d] * 100000) | map(attribute='k') | map('replace', 'v', long) | join }}",
    "macro": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "recursive loop": "{% for a in l recursive %}{{ loop(l) }}{% endfor %}",
    "include": '{% include "/etc/passwd" %}',
    "import": '{% import "os" as o %}',
    "extends": '{% extends "x" %}',
    "width": '{{ "%1000000000d" % 1 }}',
    "precision": '{{ "%.1000000000f" % 1 }}',
    "width of a name": '{{ "%(a(b)c)1000000000s" % {"a(b)c": 1} }}',
    "width that is a value": '{{ "%*d" % (1000000000, 1) }}',
    "fields": '{{ ("%(l)s" * 10000) % {"l": long} }}',
    "format": '{{ "{:1000000000}".format(1) }}',
    "format of a value": '{{ "{:{}}".format(1, 1000000000) }}',
    "format of fields": '{{ ("{0}" * 10000).format(long) }}',
    "format map": '{{ ("{l}" * 10000).format_map({"l": long}) }}',
    "ljust": "{{ q.ljust(3000000000) }}",
    "rjust": "{{ q.rjust(3000000000) }}",
    "center": "{{ q.center(2000000000) }}",
    "zfill": "{{ q.zfill(2000000000) }}",
    "expandtabs": '{{ "\\t".expandtabs(2000000000) }}',
    "bytes": "{{ n.to_bytes(2000000000, 'big') }}",
    "encode": "{{ q.encode('idna') }}",
    "doubled by set": DOUBLED + "{{ a59 }}",
    "doubled and compared": DOUBLED + DOUBLED.replace("a", "b") + "{{ a50 == b50 }}",
    "doubled text": "{% set a = long %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "doubled block": "{% set a = long %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40,
    "doubled with": "{% with a = [q] * 100000 %}{% with b = [a] * 100000 %}{{ b }}{% endwith %}{% endwith %}",
    "doubled by loops": "".join(f"{{% for a{i} in [[a{i - 1}, a{i - 1}]] %}}" for i in range(1, 18)).replace("a0", "q")
    + "{{ a17 }}{{ a17 | as_json }}"
    + "{% endfor %}" * 17,
    "views": "{{ [d.items()] * 10000000 }}",
    "constant in a loop": '{% for a in "x" * 200000 %}' + "y" * 5000 + "{% endfor %}",
    "printed constant in a loop": '{% for a in "x" * 200000 %}{{ "' + "y" * 5000 + '" }}{% endfor %}',
    "folded constant in a loop": '{% for a in "x" * 20000 %}{{ "'
    + "y" * 900
    + '" | replace("y", "'
    + "z" * 900
    + '") }}{% endfor %}',
    "slices": '{% for a in "x" * 20000 %}{% if long[1:] %}{% endif %}{% endfor %}',
    "comparisons": '{% for a in "x" * 20000 %}{% if "y" in long %}{% endif %}{% endfor %}',
    "counts": '{% for a in "x" * 20000 %}{% if long.count("xy") %}{% endif %}{% endfor %}',
    "map of characters": "{{ (long * 9) | map('upper') | join }}",
    "pattern": "{{ long | regex_replace('x', '" + "y" * 2000 + "') }}",
    "groups": "{{ long | regex_replace('(x+)', '" + r"\\1" * 2000 + "') }}",
    "deep": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "deep loops": "{% for a in l %}" * 30 + "{% endfor %}" * 30,
    "division": "{{ 1 / 0 }}",
    "too long": "{{ long * 30 }}{{ long * 30 }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(InputError) as refused:
        Template(HOSTILE[name], WHERE).render(ROW)
    assert str(refused.value).startswith(WHERE)
    assert "\n" not in str(refused.value)


def test_hostile_templates_take_little_memory() -> None:
    code = """
from pathlib import Path
from tests.tasks.test_bounded_jinja import HOSTILE, ROW, Template
from steelyard.errors import InputError
for source in HOSTILE.values():
    try:
        Template(source, "here").render(ROW)
    except InputError:
        pass
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert int(said.stdout) < 250_000  # kilobytes, with pytest and hypothesis


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ q.split(' ')[0] }} {{ q[-2:] }} {{ q.strip('?').upper() }}", "What 2? WHAT IS 1 + 2"),
        ("{% for x in l %}{{ loop.index }}{{ x }}{{ loop.cycle('.', ';') }}{% endfor %}", "1a.2b;"),
        ("{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}{{ d.get('z', 0) }}", "k=v0"),
        ("{% set a %}{{ q }}{% endset %}{% set b = a ~ n %}{{ b }}", "What is 1 + 2?3"),
        ("{{ '%s: %5.1f' % (q, n) }}|{{ '{:>4}{k}'.format(n, k=l[0]) }}", "What is 1 + 2?:   3.0|   3a"),
        ("{{ '%s of 123456789 people' % n }}", "3 of 123456789 people"),
        ("{{ '-' * 3 }}{{ 2 ** 10 }}{{ 7 % 4 }}{{ n + 1 }}{{ [1] + [2] }}", "---102434[1, 2]"),
        (
            "{{ 'a'.ljust(3) }}|{{ 'a'.center(3) }}|{{ ', '.join(l) }}|{{ q.replace('1', '9') }}",
            "a  | a |a, b|What is 9 + 2?",
        ),
        ("{% if n is defined and 'is' in q and n == 3 and l is iterable %}yes{% endif %}", "yes"),
        ("{% filter upper %}{{ q }}{% endfilter %}{% with x = 1 %}{{ x }}{% endwith %}", "WHAT IS 1 + 2?1"),
        ("{{ long | length }}{{ l | map('upper') | join('-') }}{{ long | regex_replace('x+', 'y') }}", "100000A-By"),
    ],
)
def test_plain_templates_stay_as_they_are(source: str, text: str) -> None:
    assert Template(source, "here").render(ROW) == text


def test_a_missing_method_is_named_as_missing() -> None:
    with pytest.raises(InputError, match="no attribute 'nothing'"):
        Template("{{ q.nothing() }}", "here").render(ROW)
    with pytest.raises(InputError, match="'encode' is not a method"):
        Template("{{ q.encode() }}", "here").render(ROW)


def test_each_rendering_has_an_allowance_of_its_own() -> None:
    template = Template("{% for a in long[:20000] %}{{ a }}{% endfor %}", "here")
    assert [len(template.render(ROW)) for _ in range(5)] == [20_000] * 5


@given(st.text(), st.text(max_size=3), st.text(max_size=3))
def test_replace_and_concatenation_are_pythons(text: str, old: str, new: str) -> None:
    values = {"text": text, "old": old, "new": new}
    assert (
        Expression("text.replace(old, new) ~ old + new", "here").evaluate(values) == text.replace(old, new) + old + new
    )
    assert Expression("text | replace(old, new)", "here").evaluate(values) == text.replace(old, new)
