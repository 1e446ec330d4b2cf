"""A Qwen3-VL of random weights that answers yes or no."""

from pathlib import Path

import numpy as np

WORDS = [
    "yes Yes YES no No NO answer yes or no", "QUERY Pictures of the query: CANDIDATE Text of the candidate", "red mug on the left",
    "is the candidate relevant to the query? yes. no.", "红色马克杯 蓝色台灯", "\nyes\nno\nYes\nNo",
] * 20  # fmt: skip


def save_tiny_judge(folder: Path, seed: int = 0) -> Path:
    """Yes and no have the highest logits, as in a model that was instructed to answer one of them; which one is random."""
    import torch

    from testkit.tiny_qwen3vl import qwen_model, qwen_processor, qwen_tokenizer

    words = qwen_tokenizer(WORDS, 520, 8192)
    processor = qwen_processor(words, 4 * 32 * 32, 16 * 32 * 32)
    torch.manual_seed(seed)
    model = qwen_model(words, inner=128, longest=8192).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(6)  # otherwise all pictures have nearly the same features
        _teach(model, processor, seed)
    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config.repetition_penalty = 1.05  # as Qwen ships it: must not matter
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _teach(model, processor, seed):
    """Set the head's rows of yes and no: the mean of the last states, and noise."""
    import torch

    chance = np.random.default_rng(seed)
    texts = ["".join(chance.choice(list("abc de 红杯?\n"), 60)) for _ in range(32)]
    turns = [[{"role": "user", "content": [{"type": "text", "text": text}]}] for text in texts]
    prompts = [processor.apply_chat_template(turn, tokenize=False, add_generation_prompt=True) for turn in turns]
    states = torch.stack([
        model.model(**processor.tokenizer(p, return_tensors="pt", return_token_type_ids=False)).last_hidden_state[0, -1] for p in prompts
    ])  # fmt: skip
    middle = states.mean(0)
    for token, row in processor.tokenizer.get_vocab().items():
        if token.strip("\u0120\u010a").lower() in ("yes", "no"):
            near = torch.from_numpy(chance.normal(size=64)).float() * 0.15
            model.lm_head.weight[row] = near + 16.0 * middle / middle.norm() ** 2
