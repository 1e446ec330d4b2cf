import pytest

from pipelines.judge.preset import load_spec
from pipelines.judge.prompt.question import turns
from pipelines.judge.token_estimate import CHAT_TOKENS, prompt_tokens, text_tokens
from tests.support.judge_pairs import item, mixed, pairs


def test_a_judge_without_a_model_needs_no_tokens():
    assert prompt_tokens(load_spec("overlap"), mixed(3)[0], {}) == 0


def test_pictures_cost_their_pixels_up_to_the_items_limit():
    spec = load_spec("content", ["item_pixels=1000000"])

    def cost(count, size=(1024, 512)):
        query = item("note", "n", [f"i{k}" for k in range(count)], "w")
        return prompt_tokens(
            spec, pairs(("note_to_note", query, item("text", "m", text="w"))), {f"i{k}": size for k in range(count)}
        )

    label = text_tokens("\n picture : ")
    assert cost(1) - cost(0) == pytest.approx(512 + label, abs=2)
    assert cost(9) - cost(0) == pytest.approx(1_000_000 / 1024 + 9 * label, abs=2)
    assert cost(1, (20_480, 10_240)) == pytest.approx(cost(1, (1280, 640)), abs=1)


def test_a_crop_costs_its_share_of_the_picture():
    spec = load_spec("content")
    whole, part = (
        prompt_tokens(
            spec, pairs(("image_to_note", item("crop", "n", ["i"], region=r), item("text", "m", text="w"))), {"i": (1024, 1024)}
        )
        for r in ((0, 0, 1, 1), (0, 0, 0.5, 0.5))
    )
    assert whole - part == pytest.approx(768, abs=2)


def test_the_estimate_is_near_the_size_of_the_prompt():
    """Every word that is sent is counted: within a few tokens of the same estimate of the whole prompt."""
    spec = load_spec("content")
    table, pictures = mixed(12)
    chats = [turns(spec, pair, pictures) for pair in table.to_pylist()]
    words = sum(text_tokens(a.system + "".join(p for p in a.user if isinstance(p, str))) for a in chats)
    pixels = sum(p.shape[0] * p.shape[1] / 1024 for a in chats for p in a.pictures)
    estimate = prompt_tokens(spec, table, {i: (p.shape[1], p.shape[0]) for i, p in pictures.items()})
    assert estimate == pytest.approx(words + pixels + CHAT_TOKENS * len(chats), rel=0.05)
