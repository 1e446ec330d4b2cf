"""docs/tutorial.md, all of it, as a newcomer types it: each command must print what the page says."""

import pytest

from scripts.tutorial.compare import CUT
from scripts.tutorial.page import PAGE, read
from scripts.tutorial.run import complaint
from scripts.tutorial.screens import closing

IN_THE_CLOSING_SCREEN = (
    "crop",
    "near_duplicate_image",
    "kappa",
    "judge",
    "rule",
    "sft/train",
    "before training",
    "report.html",
    "printed what the page",
)


@pytest.mark.slow
@pytest.mark.ray
def test_every_command_prints_what_the_page_says(tutorial):
    blocks = [block for step in tutorial.steps for block in step.blocks]
    assert [complaint(each) for each in tutorial.runs] == [""] * len(blocks)
    screen = closing(tutorial.folder / "out", tutorial.runs, tutorial.steps)
    assert [word for word in IN_THE_CLOSING_SCREEN if word not in screen] == []
    assert all(step.title in screen for step in tutorial.steps)
    assert len(screen.splitlines()) <= 40


def test_an_output_has_at_most_five_lines_and_the_page_at_most_1800_words():
    text = PAGE.read_text(encoding="utf8")
    blocks = [block for step in read(text) for block in step.blocks]
    assert max(len([line for line in block.expected if line != CUT]) for block in blocks) <= 5
    assert min(len([line for line in block.expected if line != CUT]) for block in blocks) >= 1
    assert len(text.split()) <= 1800
