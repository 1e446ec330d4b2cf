"""New numbers in the page, old words."""

from scripts.tutorial.page import read
from scripts.tutorial.rewrite import renewed, rewritten

PAGE = """\
## 1. Count

Counts. To two.

```bash
count
```

```
…
  one    1
…
  all of them 2 and…
```

*3 s*

## Notes
"""
PRINTED = ["00:00:01 counting", "  one   11", "two 4", "  all of them 22 and more"]


def test_numbers_and_seconds_are_new_and_cuts_stay():
    [step] = read(PAGE)
    text = rewritten(PAGE, step.blocks[0], PRINTED, 17.6)
    assert text == PAGE.replace("  one    1\n", "  one   11\n").replace("them 2 and", "them 22 and").replace("*3 s*", "*18 s*")
    assert read(text)[0].seconds == 18


def test_words_that_were_not_printed_stay():
    assert renewed(["…", "one 1", "…", "nine 9", "…"], PRINTED) == ["…", "  one   11", "…", "nine 9", "…"]
