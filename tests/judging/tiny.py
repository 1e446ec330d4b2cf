"""A Qwen3-VL of random weights that answers yes or no: the real classes, some hundred thousand parameters, no download."""

from pathlib import Path

import numpy as np

from tests.unit.pipelines.encode.tiny import CHAT, QWEN

WORDS = [
    "yes Yes YES no No NO answer yes or no", "QUERY Pictures of the query: CANDIDATE Text of the candidate", "red mug on the left",
    "is the candidate relevant to the query? yes. no.", "红色马克杯 蓝色台灯", "\nyes\nno\nYes\nNo",
] * 20  # fmt: skip


def save_tiny_judge(folder: Path, seed: int = 0) -> Path:
    """Yes and no stand above all other tokens, as in a model that was told to say one of them; which one, chance says."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
    )
    from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor

    spelled = Tokenizer(models.BPE())
    spelled.normalizer, spelled.decoder = normalizers.NFC(), decoders.ByteLevel()
    spelled.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    spelled.train_from_iterator(
        WORDS, trainers.BpeTrainer(vocab_size=520, special_tokens=QWEN, initial_alphabet=alphabet, show_progress=False)
    )
    words = PreTrainedTokenizerFast(
        tokenizer_object=spelled, pad_token=QWEN[0], eos_token=QWEN[2], additional_special_tokens=QWEN, model_max_length=8192
    )
    number = words.convert_tokens_to_ids
    size = {"shortest_edge": 4 * 32 * 32, "longest_edge": 16 * 32 * 32}
    looks = Qwen2VLImageProcessor(patch_size=16, merge_size=2, temporal_patch_size=2, size=size)
    films = Qwen3VLVideoProcessor(patch_size=16, merge_size=2, temporal_patch_size=2)
    processor = Qwen3VLProcessor(image_processor=looks, tokenizer=words, video_processor=films, chat_template=CHAT)
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(words), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 8192, "rope_parameters": rope,
            "pad_token_id": number(QWEN[0]),
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16, "spatial_merge_size": 2,
            "temporal_patch_size": 2, "out_hidden_size": 64, "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
        },
        image_token_id=number("<|image_pad|>"), video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"), vision_end_token_id=number("<|vision_end|>"),
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(6)  # else all pictures look alike to it
        _teach(model, processor, seed)
    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config.repetition_penalty = 1.05  # as Qwen ships it: must not matter
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _teach(model, processor, seed):
    """The head's rows of yes and no: what all answers have in common, and chance."""
    import torch

    chance = np.random.default_rng(seed)
    asked = ["".join(chance.choice(list("abc de 红杯?\n"), 60)) for _ in range(32)]
    turns = [[{"role": "user", "content": [{"type": "text", "text": text}]}] for text in asked]
    prompts = [processor.apply_chat_template(turn, tokenize=False, add_generation_prompt=True) for turn in turns]
    states = torch.stack([
        model.model(**processor.tokenizer(p, return_tensors="pt", return_token_type_ids=False)).last_hidden_state[0, -1] for p in prompts
    ])  # fmt: skip
    middle = states.mean(0)
    for token, row in processor.tokenizer.get_vocab().items():
        if token.strip("\u0120\u010a").lower() in ("yes", "no"):
            near = torch.from_numpy(chance.normal(size=64)).float() * 0.15
            model.lm_head.weight[row] = near + 16.0 * middle / middle.norm() ** 2
