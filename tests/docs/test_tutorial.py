"""docs/tutorial.md, all of it, as a newcomer types it: each command must print what the page says."""

import pytest

from scripts.tutorial.page import PAGE, read
from scripts.tutorial.run import complaint, lay_out, run
from scripts.tutorial.screens import closing

SAID = (
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
def test_every_command_prints_what_the_page_says(tmp_path):
    steps = read(PAGE.read_text(encoding="utf8"))
    blocks = [block for step in steps for block in step.blocks]
    lay_out(tmp_path)
    ran, heard = [], []
    for each in run(blocks, tmp_path, heard.append):
        ran.append(each)
        told = complaint(each)
        print(f"{each.seconds:4.0f} s, the page {each.block.seconds} s: {each.block.command.splitlines()[0]}", told)
        if told:
            print("\n".join(heard))  # pytest shows it when the test fails
        heard.clear()
    assert [complaint(each) for each in ran] == [""] * len(blocks)
    last = closing(tmp_path / "out", ran, steps)
    assert [word for word in SAID if word not in last] == []
    assert all(step.title in last for step in steps)
    assert len(last.splitlines()) <= 40
