"""A function of one's own as the model: what it gets, what identifies it, how it fails, and who may name it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.models import Settings, open_model
from steelyard.models.python_function import open_python
from steelyard.records import GenerateRequest, Image, LoglikelihoodRequest, ModelIdentity, ModelOutput, Outcome, Turn

SOURCE = """
import asyncio, os, sys, threading, time
busy = most = 0
def answer(messages):
    return " | ".join(f"{each['role']}: {each['content']}" for each in messages)
async def slow(messages):
    await asyncio.sleep(0)
    return "async"
def later(messages):
    return slow(messages)
def counted(messages):
    global busy, most
    busy += 1
    most = max(most, busy)
    time.sleep(0.002)
    busy -= 1
    return str(most)
def broken(messages):
    raise ValueError("no\\nanswer for " + os.environ.get("BOT_API_KEY", ""))
def gone(messages):
    sys.exit(3)
async def left(messages):
    sys.exit(0)
async def cancelled(messages):
    raise asyncio.CancelledError()
class Speechless(Exception):
    def __str__(self):
        raise ValueError
def speechless(messages):
    raise Speechless
def stopped(messages):
    raise StopIteration("x")
def number(messages):
    return 42
class Bot:
    def __call__(self, messages):
        return "called"
    async def reply(self, messages):
        return "a method"
bot = Bot()
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "mybot_for_test.py").write_text(SOURCE)
    (tmp_path / "mybot_broken.py").write_text("1 / 0")
    (tmp_path / "mybot_leaving.py").write_text("import sys\nsys.exit(0)")
    (tmp_path / "mybot_skipping.py").write_text("import pytest\npytest.importorskip('no_such_module_x')")
    (tmp_path / "mybot_cancelled.py").write_text("import asyncio\nraise asyncio.CancelledError")
    (tmp_path / "mybot_late.py").write_text("import sys\ndef __getattr__(name):\n    sys.exit(0)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in [each for each in sys.modules if each.startswith("mybot_")]:
        sys.modules.pop(name, None)


def ask(name: str, request: GenerateRequest | None = None) -> ModelOutput:
    model = open_python(f"mybot_for_test:{name}", Settings())
    return asyncio.run(model.generate(request or GenerateRequest(prompt="hi", chat=True)))


def test_it_gets_the_messages_and_its_answer_ends_at_a_stop() -> None:
    request = GenerateRequest(
        prefix="1 + 1 = 2\n", prompt="2 + 2 =", chat=True, system="Be brief.",
        history=(Turn(role="user", text="a"), Turn(role="assistant", text="b")),
    )  # fmt: skip
    output = ask("answer", request)
    assert output.text == "system: Be brief. | user: a | assistant: b | user: 1 + 1 = 2\n2 + 2 ="
    assert (output.outcome, output.finish_reason) == (Outcome.OK, "stop")
    cut = ask("answer", GenerateRequest(prompt="x STOP y", chat=True, stop=("STOP",)))
    assert cut.text == "user: x "


@pytest.mark.parametrize(
    ("name", "text"), [("slow", "async"), ("later", "async"), ("bot", "called"), ("bot.reply", "a method")]
)
def test_async_functions_methods_and_objects_are_called(name: str, text: str) -> None:
    assert ask(name).text == text


def test_a_plain_function_has_one_call_at_a_time() -> None:
    model = open_python("mybot_for_test:counted", Settings())

    async def several() -> list[ModelOutput]:
        request = GenerateRequest(prompt="hi", chat=True)
        return await asyncio.gather(*(model.generate(request) for _ in range(8)))

    assert {each.text for each in asyncio.run(several())} == {"1"}
    assert asyncio.run(model.identify())[1].concurrency == 1
    other = open_python("mybot_for_test:slow", Settings(concurrency=4))
    assert asyncio.run(other.identify())[1].concurrency == 4


def test_a_failure_is_one_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_API_KEY", "sk-very-secret-1")
    found = {name: ask(name) for name in ("broken", "gone", "stopped", "number")}
    assert {each.outcome for each in found.values()} == {Outcome.CLIENT_ERROR}
    assert found["broken"].detail == "ValueError: no answer for ***"
    assert found["gone"].detail == "SystemExit: 3"
    assert ask("left").detail == "SystemExit: 0"
    assert ask("cancelled").detail.startswith("CancelledError")
    assert ask("speechless").detail == "Speechless"
    assert found["stopped"].detail == "StopIteration: x"
    assert found["number"].detail == "the function returned int, not text"
    model = open_python("mybot_for_test:answer", Settings())
    assert asyncio.run(model.loglikelihood(LoglikelihoodRequest(context="a", continuations=("b",)))).text == ""


def test_its_name_and_its_source_file_identify_it(here: Path) -> None:
    identity, capabilities = asyncio.run(open_model("python:mybot_for_test:answer").identify())
    assert identity.uri == "python:mybot_for_test:answer"
    assert identity.sha256 == sha256((here / "mybot_for_test.py").read_bytes()).hexdigest()
    assert identity.details == {"module": "mybot_for_test", "function": "answer", "package": "file"}
    assert (capabilities.chat, capabilities.completions, capabilities.deterministic) == (True, False, False)
    installed, _ = asyncio.run(open_model("python:rich.markup:escape").identify())
    assert installed.details["package"].startswith("rich ")


WRAPPING = """
from functools import partial, wraps
from mybot_for_test import Bot, answer
support = Bot()
ready = partial(answer)
def again(function):
    @wraps(function)
    def inner(messages):
        return function(messages)
    return inner
wrapped = again(answer)
class Itself:
    def __getattr__(self, name):
        return self
    def __call__(self, messages):
        return "x"
itself = Itself()
def looped(messages):
    return "x"
looped.__wrapped__ = looped
"""


@pytest.mark.parametrize(
    "name",
    [
        "support",
        "wrapped",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("support.reply", "ready", "answer")),
    ],
)
def test_both_files_identify_what_is_defined_in_another(here: Path, name: str) -> None:
    module, definition = here / "mybot_wrapping.py", here / "mybot_for_test.py"

    def identity() -> ModelIdentity:
        for each in ("mybot_for_test", "mybot_wrapping"):
            sys.modules.pop(each, None)
        return asyncio.run(open_python(f"mybot_wrapping:{name}", Settings()).identify())[0]

    module.write_text(WRAPPING)
    first = identity()
    assert first == identity()
    assert first.details["module_sha256"] == sha256(module.read_bytes()).hexdigest()
    assert first.details["defined_in"] == "mybot_for_test.py"
    assert first.details["defined_in_sha256"] == sha256(definition.read_bytes()).hexdigest()
    module.write_text(WRAPPING + "# changed\n")
    second = identity()
    definition.write_text(SOURCE + "# changed\n")
    assert len({first.sha256, second.sha256, identity().sha256}) == 3


@pytest.mark.parametrize("name", ["itself", "looped"])
def test_what_is_wrapped_in_itself_has_the_module_alone(here: Path, name: str) -> None:
    (here / "mybot_wrapping.py").write_text(WRAPPING)
    identity, _ = asyncio.run(open_python(f"mybot_wrapping:{name}", Settings()).identify())
    assert identity.sha256 == sha256((here / "mybot_wrapping.py").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("mybot_for_test", "is named python:PACKAGE.MODULE:FUNCTION"),
        ("mybot_for_test:", "is named python:PACKAGE.MODULE:FUNCTION"),
        ("../x:y", "is named python:PACKAGE.MODULE:FUNCTION"),
        ("a b:y", "is named python:PACKAGE.MODULE:FUNCTION"),
        ("no_such_module_here:x", "there is no module no_such_module_here"),
        ("mybot_for_test:nothing", "there is no nothing in mybot_for_test"),
        ("mybot_for_test:busy", "is no function"),
        ("mybot_for_test:Bot", "is no function"),
        ("mybot_broken:x", "cannot be imported: ZeroDivisionError"),
        ("mybot_leaving:x", "cannot be imported: SystemExit: 0"),
        ("mybot_skipping:x", "cannot be imported: Skipped: could not import"),
        ("mybot_cancelled:x", "cannot be imported: CancelledError"),
        ("mybot_late:x", "cannot be imported: SystemExit: 0"),
        ("time:sleep", "its source is no file"),
    ],
)
def test_what_is_no_function_is_one_line(rest: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_python(rest, Settings())
    with pytest.raises(InputError, match="takes no reasoning effort"):
        open_python("mybot_for_test:answer", Settings(reasoning_effort="low"))


def test_an_interrupted_import_is_an_interruption(here: Path) -> None:
    (here / "mybot_interrupted.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        open_python("mybot_interrupted:x", Settings())


def test_a_module_that_is_not_there_names_no_secret(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_API_KEY", "sk-very-secret-1")
    (here / "mybot_telling.py").write_text(
        "import os\nraise ModuleNotFoundError('x', name='in ' + os.environ['BOT_API_KEY'])"
    )
    with pytest.raises(InputError, match=r"there is no module in \*\*\*: run"):
        open_python("mybot_telling:x", Settings())


SEES = """
def sees(messages):
    parts = messages[-1]["content"]
    if isinstance(parts, str):
        return "no image"
    shown = {"text": lambda p: p["text"], "image": lambda p: f"{p['media_type']} {len(p['data'])}"}
    return " ".join(shown[part["type"]](part) for part in parts)
sees.takes_images = True
def blind(messages):
    return "blind"
"""


def test_a_function_that_says_so_is_shown_images(here: Path) -> None:
    (here / "sees.py").write_text(SEES)
    shown = Image(sha256="ab" * 32, media_type="image/jpeg", at=4, data=b"\xff\xd8\xff")
    request = GenerateRequest(prompt="See  this", chat=True, images=(shown,))

    async def asked(name: str) -> tuple[bool, ModelOutput]:
        model = open_model(f"python:sees:{name}")
        try:
            return (await model.identify())[1].images, await model.generate(request)
        finally:
            await model.close()

    takes, output = asyncio.run(asked("sees"))
    assert (takes, output.text) == (True, "See  image/jpeg 3  this")
    takes, output = asyncio.run(asked("blind"))
    assert (takes, output.outcome) == (False, Outcome.CLIENT_ERROR)
    assert output.detail == "the function does not say that it takes images"
