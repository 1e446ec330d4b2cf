"""Tiny models with random weights, of the classes of the presets, saved in their authors' folder layouts."""

import json
from pathlib import Path

import torch
from tokenizers import processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    BlipConfig,
    BlipForImageTextRetrieval,
    BlipImageProcessor,
    ChineseCLIPConfig,
    ChineseCLIPImageProcessor,
    ChineseCLIPModel,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
)
from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

from testkit.tiny_qwen3vl import CHAT, byte_tokenizer, qwen_model, qwen_processor, qwen_tokenizer

WORDS = [
    "red mug on the left 红色马克杯",
    "a blue lamp at night 蓝色台灯",
    "You are a helpful assistant. Represent the user's input.",
] * 20


def learned(special: list[str], pad: str, **options: object) -> PreTrainedTokenizerFast:
    return byte_tokenizer(WORDS, 420, special, pad, model_max_length=4096, **options)


def qwen3_vl(folder: Path) -> Path:
    torch.manual_seed(0)
    tok = qwen_tokenizer(WORDS, 420, 4096)
    _saved(qwen_model(tok, inner=96, longest=4096, tie_word_embeddings=True), folder)
    qwen_processor(tok, 4096, 16384, image_mean=[0.5] * 3, image_std=[0.5] * 3).save_pretrained(folder)
    return folder


def qwen2_vl(folder: Path) -> Path:
    torch.manual_seed(0)
    tok = qwen_tokenizer(WORDS, 420, 4096)
    ids = tok.convert_tokens_to_ids
    pictures = Qwen2VLImageProcessor(
        patch_size=14, merge_size=2, temporal_patch_size=2, size={"shortest_edge": 3136, "longest_edge": 12544}
    )
    video = Qwen2VLVideoProcessor(patch_size=14, merge_size=2, temporal_patch_size=2)
    processor = Qwen2VLProcessor(image_processor=pictures, tokenizer=tok, video_processor=video, chat_template=CHAT)
    config = Qwen2VLConfig(
        text_config=dict(
            vocab_size=len(tok), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=4096, pad_token_id=tok.pad_token_id,
            rope_parameters={"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 2, 2]},
        ),
        vision_config=dict(depth=2, embed_dim=32, hidden_size=64, num_heads=2, patch_size=14, spatial_merge_size=2, temporal_patch_size=2, mlp_ratio=2),
        image_token_id=ids("<|image_pad|>"), video_token_id=ids("<|video_pad|>"), vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
    )  # fmt: skip
    _saved(Qwen2VLForConditionalGeneration(config), folder)
    processor.save_pretrained(folder)
    return folder


def llava_next(folder: Path) -> Path:
    torch.manual_seed(0)
    special = ["<pad>", "<image>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tok = learned(special, "<pad>", eos_token="<|eot_id|>", padding_side="left")
    side, patch = 28, 14
    pictures = LlavaNextImageProcessor(
        size={"shortest_edge": side},
        crop_size={"height": side, "width": side},
        image_grid_pinpoints=[[side, 2 * side], [2 * side, side], [2 * side, 2 * side]],
    )
    processor = LlavaNextProcessor(
        image_processor=pictures,
        tokenizer=tok,
        patch_size=patch,
        vision_feature_select_strategy="default",
        image_token="<image>",
        num_additional_image_tokens=1,
    )
    config = LlavaNextConfig(
        text_config=dict(
            model_type="llama", vocab_size=len(tok), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=4096, pad_token_id=tok.pad_token_id,
        ),
        vision_config=dict(
            model_type="clip_vision_model", hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2, image_size=side, patch_size=patch, projection_dim=32
        ),
        image_grid_pinpoints=[[side, 2 * side], [2 * side, side], [2 * side, 2 * side]],
        image_token_index=tok.convert_tokens_to_ids("<image>"), vision_feature_layer=-2, vision_feature_select_strategy="default",
    )  # fmt: skip
    _saved(LlavaNextForConditionalGeneration(config), folder)
    processor.save_pretrained(folder)
    return folder


def bert_vocabulary(folder: Path) -> BertTokenizer:
    folder.mkdir(parents=True, exist_ok=True)
    letters = list("abcdefghijklmnopqrstuvwxyz红色蓝马克杯台灯")
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *["##" + c for c in letters], "query", ":"])
    )
    return BertTokenizer(str(folder / "vocab.txt"))


def chinese_clip(folder: Path) -> Path:
    torch.manual_seed(0)
    tok = bert_vocabulary(folder)
    config = ChineseCLIPConfig(
        text_config=dict(vocab_size=len(tok), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64),
        vision_config=dict(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=16
        ),
        projection_dim=24,
    )
    _saved(ChineseCLIPModel(config), folder)
    tok.save_pretrained(folder)
    ChineseCLIPImageProcessor(size={"height": 32, "width": 32}, do_center_crop=False).save_pretrained(folder)
    return folder


def blip(folder: Path) -> Path:
    torch.manual_seed(0)
    tok = bert_vocabulary(folder)
    config = BlipConfig(
        text_config=dict(
            vocab_size=len(tok), hidden_size=32, encoder_hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
            bos_token_id=2, pad_token_id=0, sep_token_id=3, eos_token_id=3,
        ),
        vision_config=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=16),
        image_text_hidden_size=24,
    )  # fmt: skip
    _saved(BlipForImageTextRetrieval(config), folder)
    tok.save_pretrained(folder)
    BlipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def bert(folder: Path) -> Path:
    torch.manual_seed(0)
    tok = bert_vocabulary(folder)
    _saved(
        BertModel(
            BertConfig(vocab_size=len(tok), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
        ),
        folder,
    )
    tok.save_pretrained(folder)
    return folder


def nv_embed(folder: Path) -> Path:
    from safetensors.torch import save_file

    from pipelines.encode.backends.nv_embed import NvEmbedNet

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    tok = learned(["<unk>", "<s>", "</s>"], "</s>", bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    tok.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tok.convert_tokens_to_ids("<s>"))]
    )
    text = MistralConfig(
        vocab_size=len(tok),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
    )
    config = {
        "text_config": text.to_dict(),
        "latent_attention_config": {
            "num_latents_value": 8,
            "num_cross_heads": 2,
            "cross_dim_head": 16,
            "latent_dim": 32,
            "hidden_dim": 32,
        },
    }
    net = NvEmbedNet(config)
    torch.nn.init.normal_(net.latent_attention_model.latents)
    (folder / "config.json").write_text(json.dumps(config))
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, folder / "model.safetensors")
    tok.save_pretrained(folder)
    return folder


def clip(folder: Path, **text: object) -> Path:
    """Save a CLIP model in open_clip's folder layout."""
    import open_clip
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    model = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "patch_size": 16, "head_width": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2, **text},
    }
    config = {
        "model_cfg": model,
        "preprocess_cfg": {"mean": [0.4] * 3, "std": [0.3] * 3, "interpolation": "bicubic", "resize_mode": "shortest"},
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    built = open_clip.CLIP(**model)
    save_file({k: v.contiguous() for k, v in built.state_dict().items()}, folder / "open_clip_model.safetensors")
    return folder


def siglip(folder: Path) -> Path:
    """Save a SigLIP model in open_clip's layout: timm's image tower with attention pooling, a text tower without causal mask."""
    import open_clip
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    model = {
        "embed_dim": 192,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 224, "timm_model_name": "vit_tiny_patch16_224", "timm_model_pretrained": False, "timm_pool": "map", "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2, "no_causal_mask": True, "proj_bias": True, "pool_type": "last",
        },
    }  # fmt: skip
    config = {
        "model_cfg": model,
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"},
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    built = open_clip.CustomTextCLIP(**{k: v for k, v in model.items() if k != "custom_text"})
    save_file({k: v.contiguous() for k, v in built.state_dict().items()}, folder / "open_clip_model.safetensors")
    return folder


def _saved(model: torch.nn.Module, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.eval().save_pretrained(folder)
