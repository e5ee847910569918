"""Writes one example of each image benchmark to docs/images: ``python -m tools.drawn_images``."""

from __future__ import annotations

from pathlib import Path

from steelyard.tasks import load_task

EXAMPLES = {"chart_reading": 0, "table_reading": 0, "document_reading": 3, "diagram_counting": 0}  # public samples
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def main() -> None:
    """Write the images, and print what is asked about each."""
    for task, number in EXAMPLES.items():
        sample = load_task(task).prepare("chat")[number]
        (IMAGES / f"{task.replace('_', '-')}.png").write_bytes(sample.request.images[0].data)
        print(f"{sample.id}: {sample.request.prompt.splitlines()[0]} {sample.target}")


if __name__ == "__main__":
    main()
