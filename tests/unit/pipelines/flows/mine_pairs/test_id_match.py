"""Ids of two tables that do not match: the spelling in which they would is named."""

import pytest

from pipelines.flows.mine_pairs.id_match import best_hint, mismatch

NAMES = [f"n{k}" for k in range(50)]


@pytest.mark.parametrize(
    ("spell", "fold"),
    [
        (lambda name: f" {name}\t", "without blanks around them"),
        (lambda name: f"\ufeff{name}", "without invisible characters"),
        (lambda name: f"{name}\u200b", "without invisible characters"),
        (lambda name: f"{name}.0", "without the '.0' that pandas writes behind whole numbers"),
        (lambda name: f'"{name}"', "without quotes around them"),
        (str.upper, "with upper and lower case the same"),
        (lambda name: f"00{name}", "without leading zeros"),
        (lambda name: f"https://www.example.com/explore/{name}?source=web#top", "by the last part of a path or URL"),
        (lambda name: f"{name}.jpg", "without the ending of a file's name"),
        (lambda name: name.replace("n", "\uff4e"), "with full-width letters as plain ones (NFKC)"),
    ],
)
def test_the_spelling_in_which_ids_match_is_named(spell, fold):
    hint = best_hint([spell(name) for name in NAMES], NAMES)
    assert hint is not None and (hint.fold, hint.matched) == (fold, 50)


def test_names_in_two_unicode_forms_match_in_one():
    hint = best_hint(["cafe\u0301", "the\u0301"], ["caf\u00e9", "th\u00e9"])
    assert hint is not None and hint.fold == "in one Unicode form (NFC; one side has NFD)"


def test_ids_of_other_notes_match_in_no_spelling():
    assert best_hint([f"other{k}" for k in range(50)], NAMES) is None
    assert best_hint(["", "  "], [" ", "x"]) is None


def test_the_message_has_two_examples_of_each_side_and_what_to_check():
    message = mismatch(["N2", "N1", "N3\u200b"], ["n1", "n2", "n4"], ("clicks", "notes"))
    assert message == (
        "clicks have 'N1', 'N2'; notes have 'n1', 'n2'; 2 of 3 would match with upper and lower case the same; "
        "check blanks around ids, ids such as '100.0', upper and lower case, NFC and NFD names"
    )
