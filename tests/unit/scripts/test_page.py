"""A page as steps and blocks, and blocks as processes."""

from pathlib import Path

import pytest

from scripts.tutorial.page import PAGE as PAGE_FILE
from scripts.tutorial.page import read
from scripts.tutorial.run import HOME, complaint, lay_out, run
from scripts.tutorial.screens import opening

PAGE = """\
# A page

```bash
not a step
```

## 1. Say (`make say`)

Makes a line. Why: to see it.

```bash
echo "seen from $PWD"; echo 3 rows
ls jobs/mine_pairs.py
```

```
seen from /home/me/uninote-pairs
3 rows
jobs/mine_pairs.py
```

*2 s*

## 2. Count

Counts to two. Slowly.

```bash
printf '1 a\\n2 b\\n'
```

```
…
2 b
```

*3 s*

## Troubles

```bash
not run
```
"""


def test_numbered_sections_are_steps():
    step, count = read(PAGE)
    assert (step.number, step.title, step.target, step.makes, step.seconds) == (1, "Say", "say", "Makes a line.", 2)
    assert (count.number, count.title, count.target, count.makes) == (2, "Count", None, "Counts to two.")
    [block] = step.blocks
    assert PAGE.splitlines()[block.line - 1] == block.command.splitlines()[0]
    assert block.expected[0] == f"seen from {HOME}"


def test_a_command_without_an_output_is_refused():
    with pytest.raises(ValueError, match=r"tutorial.md:12: expected an output"):
        read(PAGE.replace("*2 s*", ""))


def test_blocks_run_where_they_are_told_and_find_the_repository(tmp_path):
    lay_out(tmp_path)
    heard = []
    ran = list(run([block for step in read(PAGE) for block in step.blocks], tmp_path, heard.append))
    assert [complaint(each) for each in ran] == ["", ""]
    assert f"seen from {tmp_path}" in heard
    assert not (tmp_path / "out").exists()


def test_a_failure_ends_it_and_is_told(tmp_path):
    wrong = PAGE.replace("echo 3 rows", "echo 9 rows").replace("ls jobs/mine_pairs.py", "ls jobs/mine_nothing.py")
    [only] = run([block for step in read(wrong) for block in step.blocks], tmp_path, lambda line: None)
    assert "tutorial.md:12: echo" in complaint(only)
    assert "ended with exit code 2" in complaint(only)
    [off, _] = run([b for s in read(PAGE.replace("3 rows\nls", "9 rows\nls")) for b in s.blocks], laid(tmp_path), print)
    assert "expected: 3 rows\n  got:      9 rows\n  9 is not near 3" in complaint(off)


def laid(folder):
    lay_out(folder)
    return folder


def test_the_first_screen_of_the_page_fits_a_screen():
    screen = opening(read(PAGE_FILE.read_text(encoding="utf8")), Path(HOME)).splitlines()
    assert len(screen) <= 24
    assert max(map(len, screen)) <= 100
