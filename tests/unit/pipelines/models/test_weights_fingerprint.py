import torch

from pipelines.models.weights_fingerprint import weights_fingerprint

WEIGHTS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([1], dtype=torch.int64)}


def test_the_same_weights_and_settings_have_one_fingerprint_in_any_order():
    assert weights_fingerprint(WEIGHTS, {"x": 1, "y": 2}) == weights_fingerprint(
        dict(reversed(WEIGHTS.items())), {"y": 2, "x": 1}
    )


def test_a_bit_of_a_weight_a_shape_a_type_or_a_setting_changes_it():
    changed = {**WEIGHTS, "a": WEIGHTS["a"] + torch.tensor([[0, 0, 0], [0, 0, 1e-6]])}
    found = [
        weights_fingerprint(WEIGHTS, {}),
        weights_fingerprint(changed, {}),
        weights_fingerprint({**WEIGHTS, "a": WEIGHTS["a"].view(3, 2)}, {}),
        weights_fingerprint({**WEIGHTS, "a": WEIGHTS["a"].half()}, {}),
        weights_fingerprint({"c": WEIGHTS["a"], "b": WEIGHTS["b"]}, {}),
        weights_fingerprint(WEIGHTS, {"pooling": "last"}),
    ]
    assert len(set(found)) == len(found)


def test_half_precision_numbers_that_numpy_does_not_know_are_hashed():
    assert weights_fingerprint({"a": torch.ones(3, dtype=torch.bfloat16)}, {}) != weights_fingerprint(
        {"a": torch.zeros(3, dtype=torch.bfloat16)}, {}
    )


def test_a_tokenizer_file_counts_and_a_models_name_does_not(tmp_path):
    (tmp_path / "tokenizer.json").write_text("one")
    (tmp_path / "config.json").write_text('{"_name_or_path": "a"}')
    before = weights_fingerprint(WEIGHTS, {}, tmp_path)
    (tmp_path / "config.json").write_text('{"_name_or_path": "b"}')
    assert weights_fingerprint(WEIGHTS, {}, tmp_path) == before
    (tmp_path / "tokenizer.json").write_text("two")
    assert weights_fingerprint(WEIGHTS, {}, tmp_path) != before
