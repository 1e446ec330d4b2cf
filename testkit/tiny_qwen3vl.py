"""A Qwen3-VL with random weights: the real classes, a few hundred thousand parameters, no download."""

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
)
from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>",
           "<|video_pad|>"]  # fmt: skip
CHAT = (
    "{%- for m in messages -%}<|im_start|>{{ m.role }}\n{%- for c in m.content -%}"
    "{%- if c.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>{%- elif 'text' in c -%}{{ c.text }}{%- endif -%}"
    "{%- endfor -%}<|im_end|>\n{% endfor -%}{%- if add_generation_prompt -%}<|im_start|>assistant\n{% endif -%}"
)


def byte_tokenizer(
    words: Sequence[str], vocabulary: int, special: list[str], pad: str, **options: object
) -> PreTrainedTokenizerFast:
    """Train a byte-pair tokenizer like the Qwen family's on these words."""
    tok = Tokenizer(models.BPE())
    tok.normalizer, tok.decoder = normalizers.NFC(), decoders.ByteLevel()
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    learning = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tok.train_from_iterator(words, learning)
    return PreTrainedTokenizerFast(tokenizer_object=tok, pad_token=pad, additional_special_tokens=special, **options)


def qwen_tokenizer(words: Sequence[str], vocabulary: int, longest: int) -> PreTrainedTokenizerFast:
    """Train a tokenizer with the special tokens of Qwen3-VL, padded on the left."""
    options = {"eos_token": "<|im_end|>", "padding_side": "left", "model_max_length": longest}
    return byte_tokenizer(words, vocabulary, SPECIAL, "<|endoftext|>", **options)


def qwen_processor(tokenizer: PreTrainedTokenizerFast, least: int, most: int, **options: object) -> Qwen3VLProcessor:
    """Build a processor for pictures of `least` to `most` pixels, in patches of 16."""
    cut = {"patch_size": 16, "merge_size": 2, "temporal_patch_size": 2}
    pictures = Qwen2VLImageProcessor(**cut, size={"shortest_edge": least, "longest_edge": most}, **options)
    return Qwen3VLProcessor(
        image_processor=pictures, tokenizer=tokenizer, video_processor=Qwen3VLVideoProcessor(**cut), chat_template=CHAT
    )


def qwen_model(
    tokenizer: PreTrainedTokenizerFast, inner: int, longest: int, **config: object
) -> Qwen3VLForConditionalGeneration:
    """Build a model with two text layers of width 64 and two vision layers of 32; weights depend on `torch.manual_seed`."""
    number = tokenizer.convert_tokens_to_ids
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": inner, "num_hidden_layers": 2, "head_dim": 16,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": longest, "rope_parameters": rope,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16, "spatial_merge_size": 2,
            "temporal_patch_size": 2, "out_hidden_size": 64, "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
        },
        image_token_id=number("<|image_pad|>"), video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"), vision_end_token_id=number("<|vision_end|>"), **config,
    ))  # fmt: skip
