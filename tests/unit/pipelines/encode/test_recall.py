import numpy as np

from pipelines.encode.recall import recall


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
