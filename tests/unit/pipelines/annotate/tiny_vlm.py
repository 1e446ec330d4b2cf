"""A Qwen3-VL of random weights, saved as a folder: the real classes, some hundred thousand parameters, no download."""

from pathlib import Path

PIECES = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
TEMPLATE = """{%- for turn in messages -%}<|im_start|>{{ turn.role }}
{% for part in turn.content -%}
{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>{%- else -%}{{ part.text }}{%- endif -%}
{%- endfor -%}<|im_end|>
{% endfor -%}{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}"""


def save_tiny_vlm(folder: Path, seed: int = 0) -> None:
    """Special pieces are suppressed, so that a random model writes words."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
    )
    from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor

    spelled = Tokenizer(models.BPE())
    spelled.pre_tokenizer, spelled.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=PIECES, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    spelled.train_from_iterator(["two red mugs on the left of a table"] * 9, trainer)
    words = PreTrainedTokenizerFast(
        tokenizer_object=spelled, eos_token=PIECES[2], pad_token=PIECES[0], additional_special_tokens=PIECES[1:]
    )
    number = words.convert_tokens_to_ids
    size = {"shortest_edge": 4 * 32 * 32, "longest_edge": 16 * 32 * 32}  # 4 to 16 pieces a picture
    looks = Qwen2VLImageProcessor(patch_size=16, merge_size=2, temporal_patch_size=2, size=size)
    films = Qwen3VLVideoProcessor(patch_size=16, merge_size=2, temporal_patch_size=2)
    processor = Qwen3VLProcessor(image_processor=looks, tokenizer=words, video_processor=films, chat_template=TEMPLATE)
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(words), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096, "rope_parameters": rope,
            "pad_token_id": number(PIECES[0]),
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16, "spatial_merge_size": 2,
            "temporal_patch_size": 2, "out_hidden_size": 64, "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
        },
        image_token_id=number("<|image_pad|>"), video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"), vision_end_token_id=number("<|vision_end|>"),
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)  # else all pictures look alike to it
    model.generation_config.suppress_tokens = list(range(len(PIECES)))
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = number(PIECES[0]), number(PIECES[2])
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
