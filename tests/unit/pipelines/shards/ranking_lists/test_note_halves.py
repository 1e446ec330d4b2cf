"""A note's halves against their definition: disjoint, nothing lost, the true order by counting what is shared."""

from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.shards.ranking_lists.note_halves import NO_PICTURES, ONE_PART, Halves, halves
from pipelines.shards.ranking_lists.sentence_split import content
from schemas.item import item_id

TEXT = st.lists(st.sampled_from(["红色的杯子。", "很好看！", "一个送人。\n", "a mug. ", "good? "]), max_size=6).map("".join)
NOTE = st.lists(st.integers(0, 5), max_size=8).flatmap(
    lambda families: st.tuples(st.just([f"i{k}" for k in range(len(families))]), st.just(families))
)
SHARED = st.integers(1, 6)


def split_of(note, text, shared, seed=0):
    split = halves("n", text, *note, shared, seed)
    assume(isinstance(split, Halves))
    return split


def units(item, families):
    """What an item shows: its families of pictures and its sentences."""
    return {("family", families[i]) for i in item["image_ids"]} | {("sentence", s) for s in content(item["text"])}


@given(NOTE, TEXT, SHARED, st.integers(0, 9))
def test_the_halves_share_nothing_and_are_the_note(note, text, shared, seed):
    split, family = split_of(note, text, shared, seed), dict(zip(*note, strict=True))
    a, b = split.query, split.relevant[-1]
    assert not set(a["image_ids"]) & set(b["image_ids"])
    assert not units(a, family) & units(b, family)
    assert units(a, family) | units(b, family) == {("family", f) for f in family.values()} | {
        ("sentence", s) for s in content(text)
    }
    assert sorted(a["image_ids"] + b["image_ids"]) == sorted(family)
    assert a["image_ids"] and (b["image_ids"] or content(b["text"]))


@given(NOTE, TEXT, SHARED, st.integers(0, 9))
def test_the_order_is_that_of_what_is_shared_with_the_query(note, text, shared, seed):
    split, family = split_of(note, text, shared, seed), dict(zip(*note, strict=True))
    query = units(split.query, family)
    overlap = [len(units(item, family) & query) / len(query) for item in split.relevant]
    assert split.shares == overlap
    assert overlap == sorted(set(overlap), reverse=True)
    assert overlap[-1] == 0
    assert len(split.relevant) == min(shared, len({f for k, f in query if k == "family"})) + 1


@given(NOTE, TEXT, SHARED)
def test_items_are_named_by_what_they_show_and_stand_in_the_notes_order(note, text, shared):
    split = split_of(note, text, shared)
    for item in [split.query, *split.relevant]:
        assert item["item_id"] == item_id("note", "n", item["image_ids"], text=item["text"])
        assert item["image_ids"] == [i for i in note[0] if i in item["image_ids"]]
    assert split.as_noise in split.relevant
    assert len({item["item_id"] for item in [split.query, *split.relevant]}) == len(split.relevant) + 1


def test_a_note_that_cannot_be_split_says_why():
    assert halves("n", "text. more.", [], [], 6, 0) == NO_PICTURES
    assert halves("n", " ", ["i", "j"], [0, 0], 6, 0) == ONE_PART


def test_the_seed_moves_the_cut():
    note = ([f"i{k}" for k in range(6)], list(range(6)))
    cuts = {tuple(halves("n", "一。二。", *note, 3, seed).query["image_ids"]) for seed in range(20)}
    assert len(cuts) > 5
