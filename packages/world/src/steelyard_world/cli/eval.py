"""``steelyard world eval``: test the trainings of a world model, with floors, ceilings and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from steelyard_world.cli.checkpoints import Loaded
    from steelyard_world.cli.eval_progress import EvalProgress
    from steelyard_world.evaluation.result import Results
    from steelyard_world.evaluation.test_suite import EvaluationPart, Measured, SimplestRivals

__all__ = ["command", "evaluate", "words_of"]


@click.command("eval")
@click.argument("checkpoints", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--test", "tests", metavar="A,B", help="planning, reasoning, shift, physics, memory (default: all).")
@click.option("--world", "worlds", metavar="A,B", help="The worlds to test in (default: that of the training).")
@click.option(
    "--episodes",
    type=click.IntRange(2, 100_000),
    default=100,
    show_default=True,
    help="Held-out episodes of each test.",
)
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the report to this page.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the results to this file, for compare.")
@json_option
def command(
    checkpoints: tuple[Path, ...],
    tests: str | None,
    worlds: str | None,
    episodes: int,
    html_file: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Test CHECKPOINTS: trainings of one kind that differ in their seed, three or more for intervals over trainings.

    Floors need no model; the ceiling plans with the true dynamics. The episodes are the same every time.
    """
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out as console
    from steelyard_world.cli.checkpoints import load_trainings
    from steelyard_world.cli.eval_table import print_results
    from steelyard_world.evaluation.result import write_results

    for path in (html_file, out):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InputError("cannot be written: give the name of a file in a folder that exists", where=path)
    loaded = load_trainings(checkpoints)
    results = evaluate(loaded, words_of(tests), words_of(worlds), episodes)
    if out is not None:
        write_results(out, results)
    if html_file is not None:
        from steelyard_world.cli.eval_page import page

        write_file(html_file, page(results, loaded, _again(checkpoints, tests, worlds, episodes)).encode())
    if as_json:
        import msgspec

        from steelyard.cli.output import print_json

        print_json(msgspec.to_builtins(results))
    else:
        print_results(results, console())
    return 0


def evaluate(loaded: Loaded, tests: Sequence[str] | None, worlds: Sequence[str] | None, episodes: int) -> Results:
    """Run the tests on all trainings; raises InputError where no test applies to this model."""
    from steelyard_world.cli.checkpoints import record
    from steelyard_world.cli.eval_progress import EvalProgress
    from steelyard_world.evaluation import test_suite
    from steelyard_world.evaluation.result import Results
    from steelyard_world.sim.catalog import SCENES

    chosen = worlds or [loaded[0][1].card.world or SCENES]
    listed, elsewhere = test_suite.parts(tests or test_suite.TESTS, chosen)
    able, unable = _able(listed, loaded)
    # Without --test, tests that the world does not have are not worth a note.
    left_out = unable + (elsewhere if tests else [])
    if not able:
        raise InputError((left_out or elsewhere)[0])
    rivals = _rivals(able, loaded)
    measured: list[Measured] = []
    with EvalProgress(len(able) * (len(loaded) + 1) * episodes) as progress:
        for part in able:
            found, reasons = _measured(part, loaded, rivals, episodes, progress)
            measured += found
            left_out += reasons
    if any(part.test == "shift" for part in able) and not any(part.test == "planning" for part in able):
        left_out.append("the loss by a shift: planning without a shift was not tested; use --test planning,shift")
    if not measured:
        raise InputError(left_out[0])
    return Results(
        checkpoints=tuple(record(folder, model) for folder, model in loaded),
        results=tuple(result for each in measured for result in each.results),
        controls=tuple(control for each in measured for control in (*each.floors, *each.ceilings)),
        summaries=test_suite.summaries(measured),
        left_out=tuple(dict.fromkeys(left_out)),
    )


def _rivals(able: Sequence[EvaluationPart], loaded: Loaded) -> SimplestRivals:
    """Fit the simplest rivals, where a part is of the scenes; elsewhere planners without a model are the floors."""
    from steelyard.api.progress import working
    from steelyard_world.cli.rivals import simplest_rivals
    from steelyard_world.evaluation.test_suite import SimplestRivals
    from steelyard_world.sim.catalog import SCENES

    if not any(part.world == SCENES for part in able):
        return SimplestRivals()
    with working(f"fitting the simplest rivals to the clips of {len(loaded)} trainings"):
        return simplest_rivals(loaded)


def _measured(
    part: EvaluationPart, loaded: Loaded, rivals: SimplestRivals, episodes: int, progress: EvalProgress
) -> tuple[list[Measured], list[str]]:
    """Run one part; where the model turns out to lack what it needs, give the reason and let the other parts run."""
    from steelyard_world.cli.checkpoints import untrained
    from steelyard_world.evaluation.test_suite import Candidate, run_part

    progress.begin(" ".join(filter(None, (part.test, part.condition, "in", part.world))))
    candidates = [Candidate(model, model.training_seed) for _, model in loaded]
    try:
        return run_part(part, candidates, untrained(loaded[0][1]), episodes, progress.show, rivals=rivals)
    except MissingDependency as error:
        return [], [f"{part.test}: {error}"]


def _able(listed: Sequence[EvaluationPart], loaded: Loaded) -> tuple[list[EvaluationPart], list[str]]:
    """Split the parts into those that apply to this model, and the reasons why the others do not."""
    from steelyard_world.sim.catalog import SCENES, simulator

    model = loaded[0][1]
    able, reasons = [], []
    for part in listed:
        if part.world == SCENES:
            able.append(part)
        elif model.action_size == 0:
            reasons.append(
                f"{part.test}: {model.name} learned from plain video, so it knows no actions to choose among"
            )
        elif model.action_size != (size := simulator(part.world).action_size):
            reasons.append(
                f"{part.test} in {part.world}: {model.name} acts with {model.action_size} numbers, "
                f"{part.world} takes {size}"
            )
        else:
            able.append(part)
    return able, list(dict.fromkeys(reasons))


def words_of(given: str | None) -> list[str] | None:
    """``a,b`` → its words, each once; None for none."""
    if given is None:
        return None
    return list(dict.fromkeys(word.strip() for word in given.split(",") if word.strip())) or None


def _again(checkpoints: Sequence[Path], tests: str | None, worlds: str | None, episodes: int) -> str:
    parts = ["steelyard world eval", *map(str, checkpoints)]
    parts += [f"--test {tests}"] if tests else []
    parts += [f"--world {worlds}"] if worlds else []
    return " ".join([*parts, f"--episodes {episodes}"])
