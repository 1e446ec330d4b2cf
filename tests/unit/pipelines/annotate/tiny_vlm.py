"""A Qwen3-VL of random weights that describes pictures."""

from pathlib import Path

PIECE = 32 * 32


def save_tiny_vlm(folder: Path, seed: int = 0) -> None:
    """Special pieces are suppressed, so that a random model writes words."""
    import torch

    from testkit.tiny_qwen3vl import SPECIAL, qwen_model, qwen_processor, qwen_tokenizer

    words = qwen_tokenizer(["two red mugs on the left of a table"] * 9, 400, 4096)
    torch.manual_seed(seed)
    model = qwen_model(words, inner=128, longest=4096)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)  # else all pictures look alike to it
    model.generation_config.suppress_tokens = list(range(len(SPECIAL)))
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = words.pad_token_id, words.eos_token_id
    model.save_pretrained(folder)
    qwen_processor(words, 4 * PIECE, 16 * PIECE).save_pretrained(folder)
