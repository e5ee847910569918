"""The addresses of a project's pages: what is in a project is under its name."""

from __future__ import annotations

__all__ = [
    "answers_path",
    "budgets_path",
    "claims_path",
    "compare_path",
    "job_path",
    "jobs_path",
    "models_path",
    "people_path",
    "run_path",
    "runs_path",
    "suite_path",
    "suites_path",
    "watch_path",
    "webhooks_path",
]


def runs_path(project: str) -> str:
    """The list of a project's runs."""
    return f"/p/{project}/runs"


def run_path(project: str, seal: str) -> str:
    """The page of a run."""
    return f"{runs_path(project)}/{seal}"


def answers_path(project: str, seal: str) -> str:
    """The list of a run's answers."""
    return f"{run_path(project, seal)}/answers"


def models_path(project: str) -> str:
    """The models that a project's runs are about."""
    return f"/p/{project}/models"


def compare_path(project: str) -> str:
    """Where a project's runs are compared."""
    return f"/p/{project}/compare"


def people_path(project: str) -> str:
    """Who has which role in a project."""
    return f"/p/{project}/people"


def webhooks_path(project: str) -> str:
    """The webhooks of a project."""
    return f"/p/{project}/webhooks"


def claims_path(project: str) -> str:
    """Where a vendor's claims are screened and tested."""
    return f"/p/{project}/claims"


def jobs_path(project: str) -> str:
    """What the server carries out for a project."""
    return f"/p/{project}/jobs"


def job_path(project: str, job: int) -> str:
    """One of these jobs."""
    return f"{jobs_path(project)}/{job}"


def watch_path(project: str) -> str:
    """What is asked again and again, and what came of it."""
    return f"/p/{project}/watch"


def budgets_path(project: str) -> str:
    """What a project may spend in a month."""
    return f"/p/{project}/budgets"


def suites_path(project: str) -> str:
    """The private suites of a project."""
    return f"/p/{project}/suites"


def suite_path(project: str, name: str) -> str:
    """The page of a suite."""
    return f"{suites_path(project)}/{name}"
