import numpy as np

from pipelines.encode.item_content import Content
from pipelines.encode.protocol import Prepared
from pipelines.encode.recall import recall, sample_recall
from pipelines.encode.small.training_corpus import CaptionedPicture, TrainingNote


def unit(rows: list[list[float]]) -> np.ndarray:
    array = np.array(rows, np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def test_counts_queries_whose_right_target_is_among_the_best():
    queries, targets = unit([[1, 0], [0, 1], [1, 1]]), unit([[1, 0.1], [1, 0.4], [0, 1]])
    relevant = [frozenset({1}), frozenset({2}), frozenset({2})]
    assert recall(queries, targets, relevant, 1) == 1 / 3
    assert recall(queries, targets, relevant, 2) == 2 / 3
    assert recall(queries, targets, relevant, 3) == 1


def test_one_of_several_right_targets_is_enough():
    assert recall(unit([[1, 0]]), unit([[1, 0], [0, 1]]), [frozenset({0, 1})], 1) == 1


def test_agrees_with_a_loop_over_queries():
    draw = np.random.default_rng(0)
    queries, targets = unit(draw.standard_normal((30, 5)).tolist()), unit(draw.standard_normal((40, 5)).tolist())
    relevant = [frozenset(draw.choice(40, 2).tolist()) for _ in range(30)]
    for k in (1, 5, 10):
        hits = [
            bool(set(sorted(range(40), key=lambda t: -float(queries[q] @ targets[t]))[:k]) & relevant[q]) for q in range(30)
        ]
        assert recall(queries, targets, relevant, k) == np.mean(hits)


class Knows:
    """Reads the number that a picture's first pixel or a text spells; a note is the mean of what it holds."""

    dimensions = 32
    fingerprint = "0" * 64

    def prepare(self, content: Content) -> Prepared:
        numbers = [int(p[0, 0, 0]) for p in content.images] + [int(w) for w in content.words.split() if w.isdigit()]
        return Prepared({"numbers": np.array(numbers)}, len(numbers))

    def encode(self, batch) -> np.ndarray:
        rows = np.stack([np.bincount(b.arrays["numbers"], minlength=self.dimensions)[: self.dimensions] for b in batch]).astype(
            np.float32
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class KnowsNothing(Knows):
    def encode(self, batch) -> np.ndarray:
        return np.full((len(batch), self.dimensions), self.dimensions**-0.5, np.float32)


def notes(count: int) -> list[TrainingNote]:
    return [
        TrainingNote(f"n{n}", f"{n} 9", (CaptionedPicture(np.full((4, 4, 3), n, np.uint8), f"f{n}", f"{n} 红", f"{n} red"),))
        for n in range(count)
    ]


def test_an_encoder_that_knows_finds_everything_and_one_that_does_not_finds_by_chance():
    knows, chance = sample_recall(notes(8), Knows(), Knows()), sample_recall(notes(8), Knows(), KnowsNothing())
    assert set(knows) == {
        *(f"{t} {x}" for t in ("image_to_text", "text_to_image", "text_to_note") for x in ("zh", "en")),
        "image_to_note",
        "exact_image_to_note",
    }
    assert all(found == {1: 1.0, 5: 1.0, 10: 1.0} for found in knows.values())
    assert chance["image_to_text zh"] == {1: 1 / 8, 5: 5 / 8, 10: 1.0}


def test_two_notes_with_one_scene_are_both_right():
    twice = [*notes(3), notes(3)[0]]
    assert sample_recall(twice, Knows(), Knows())["exact_image_to_note"][1] == 1.0
    assert sample_recall(twice, Knows(), Knows())["image_to_note"][1] == 1.0
