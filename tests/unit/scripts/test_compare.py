"""When what was printed is what the page says, and when it is not."""

import pytest

from scripts.tutorial.compare import differs, mismatch, near

PRINTED = """\
12:00:01 notes: working
12:00:03 notes: 340 rows in 2.1 s

Mined into out

  granularity           pairs  median score
  crop                     29         0.934
  co_click              1,163         0.101

12 steps, 3.4 rows/s, last loss 2.71""".splitlines()
PAGE = ["…", *PRINTED[3:]]


def test_what_was_printed_is_what_the_page_says():
    assert mismatch(PRINTED, PRINTED) is None
    assert mismatch(PAGE, PRINTED) is None
    assert mismatch(["…"], PRINTED) is None
    assert mismatch(["12:00:01 notes: working", "…"], PRINTED) is None
    assert mismatch(["…", "Mined into out", "…", PRINTED[7], "…"], PRINTED) is None


def changed(old, new):
    return [line.replace(old, new) for line in PRINTED]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("co_click              1,163", "co_click              1,160"),  # a pair at a threshold came or went
        ("0.934", "0.911"),
        ("12:00:03", "13:10:00"),
        ("in 2.1 s", "in 55 s"),
        ("3.4 rows/s", "17 rows/s"),
        ("loss 2.71", "loss 3.2"),
    ],
)
def test_what_another_machine_or_hour_changes_is_let_through(old, new):
    assert mismatch(PAGE, changed(old, new)) is None
    assert mismatch(PRINTED, changed(old, new)) is None
    assert changed(old, new) != PRINTED


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("crop  ", "crops ", "other words"),
        ("Mined into out", "Mined into away", "other words"),
        ("1,163", "1,063", "1,063 is not near 1,163"),
        ("29", "33", "33 is not near 29"),
        ("0.934", "0.834", "0.834 is not near 0.934"),
        ("12 steps", "40 steps", "40 is not near 12"),
    ],
)
def test_a_changed_word_and_a_number_that_is_off_are_found(old, new, why):
    difference = mismatch(PAGE, changed(old, new))
    assert difference.why == why
    assert old.strip() in difference.expected
    assert new.strip() in difference.printed


def test_a_line_too_few_and_a_line_too_many_are_found():
    assert mismatch(PAGE, PRINTED[:-1]).expected == PRINTED[-1]
    assert mismatch(PAGE, [*PRINTED, "Traceback"]) is not None
    assert mismatch(PRINTED, [*PRINTED, "Traceback"]).printed == "Traceback"
    assert mismatch(PAGE, [*PRINTED[:4], "one more", *PRINTED[4:]]) is not None
    assert mismatch(PAGE, []).why == "it was not printed"


def test_an_empty_line_at_the_end_does_not_count():
    assert mismatch(PRINTED, [*PRINTED, "", " "]) is None
    assert mismatch(PRINTED, ["", *PRINTED]) is not None
    assert mismatch([], ["", ""]) is None


def test_a_line_may_be_cut_at_its_end():
    assert differs("refused: 3 of the…", "refused: 3 of the notes: a, b, c") == ""
    assert differs("refused: 3 of the…", "refused: 9 of the notes: a, b, c") == "9 is not near 3"
    assert differs("refused: 3 of the…", "dropped: 3 of the notes: a, b, c") == "other words"


def test_the_room_that_a_number_takes_in_a_table_is_no_word():
    assert differs("│ co_click │  1003 │", "│ co_click │ 999 │") == ""
    assert differs("└──────────┴───────┘", "└──────────┴─────┘") == ""
    assert differs("└──────────┴───────┘", "└──────────────────┘") == "other words"


@pytest.mark.parametrize(
    ("expected", "printed", "is_near"),
    [
        ("41.7", "50.0", True),  # one query of twelve
        ("41.7", "58.3", False),
        ("0.0", "8.3", True),
        ("0.930235", "0.92", True),
        ("0.997", "0.92", False),
        ("43,033", "41,000", True),
        ("43,033", "40,000", False),
        ("3", "5", True),
        ("3", "6", False),
        ("1e-7", "0", True),
    ],
)
def test_how_far_a_number_may_be_off(expected, printed, is_near):
    assert near(expected, printed) is is_near


def test_a_fingerprint_of_code_is_free():
    assert differs("by overlap#24a584aa81e5: 3 pairs", "by overlap#0123456789ab: 3 pairs") == ""
    assert differs("by overlap#24a584aa81e5: 3 pairs", "by vlm#24a584aa81e5: 3 pairs") == "other words"


def test_digits_of_a_name_are_words():
    assert differs("recall@10 0.5", "recall@20 0.5") == "other words"
    assert differs("run n07a4bb9cb2", "run n07a4bb9cb3") == "other words"
