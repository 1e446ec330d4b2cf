"""A language model and a vision projector with random weights as GGUF files for llama.cpp: half a megabyte, no download."""

from pathlib import Path

import numpy as np

WIDTH, INNER, LAYERS, HEADS = 64, 128, 2, 4
PATCH, SIDE = 16, 64
ANSWERS = [space + word for space in ("", "\u2581") for w in ("yes", "no") for word in (w, w.capitalize(), w.upper())]
"""Spellings of yes and no as SentencePiece writes them: \u2581 is a space."""
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def save_text_model(path: Path, seed: int = 0) -> Path:
    """Save a llama whose next token is always a spelling of yes or no, chosen by the random weights."""
    from gguf import GGUFWriter, TokenType

    chance = np.random.default_rng(seed)
    pieces = ["<unk>", "<s>", "</s>", *[f"<0x{n:02X}>" for n in range(256)], *ANSWERS, "\u2581", *map(chr, range(33, 127))]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL, *[TokenType.BYTE] * 256]
    kinds += [TokenType.NORMAL] * (len(pieces) - len(kinds))
    file = GGUFWriter(path, "llama")
    file.add_name("tiny")
    file.add_context_length(8192)
    file.add_embedding_length(WIDTH)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(INNER)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_vocab_size(len(pieces))
    file.add_file_type(0)
    file.add_tokenizer_model("llama")
    file.add_token_list([piece.encode() for piece in pieces])
    file.add_token_scores([-float(n) for n in range(len(pieces))])
    file.add_token_types(kinds)
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_unk_token_id(0)
    file.add_chat_template(CHAT)
    embeddings, answers = _random(chance, len(pieces), WIDTH, scale=0.7), _random(chance, len(pieces), WIDTH, scale=0.2)
    embeddings[:, 0], answers[:, 0] = 6, 0  # a feature of all states, which only yes and no respond to
    first = pieces.index(ANSWERS[0])
    answers[first : first + len(ANSWERS), 0] = 3
    file.add_tensor("token_embd.weight", embeddings)
    file.add_tensor("output.weight", answers)
    file.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for n in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            file.add_tensor(f"blk.{n}.{name}.weight", _random(chance, WIDTH, WIDTH, scale=0.1))
        for name, shape in (("ffn_gate", (INNER, WIDTH)), ("ffn_up", (INNER, WIDTH)), ("ffn_down", (WIDTH, INNER))):
            file.add_tensor(f"blk.{n}.{name}.weight", _random(chance, *shape, scale=0.1))
        for name in ("attn_norm", "ffn_norm"):
            file.add_tensor(f"blk.{n}.{name}.weight", np.ones(WIDTH, np.float32))
    return _written(file, path)


def save_eyes(path: Path, seed: int = 1) -> Path:
    """Save the projector of a LLaVA for `save_text_model`: a picture is sixteen patches."""
    from gguf import GGUFWriter

    chance, width, inner = np.random.default_rng(seed), 32, 64
    file = GGUFWriter(path, "clip")
    file.add_name("eyes")
    file.add_file_type(0)
    file.add_bool("clip.has_vision_encoder", True)
    file.add_string("clip.projector_type", "mlp")
    file.add_bool("clip.use_gelu", True)
    sizes = {"image_size": SIDE, "patch_size": PATCH, "embedding_length": width, "feed_forward_length": inner,
             "block_count": LAYERS, "projection_dim": WIDTH, "attention.head_count": 2}  # fmt: skip
    for name, value in sizes.items():
        file.add_uint32(f"clip.vision.{name}", value)
    file.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    file.add_array("clip.vision.image_mean", [0.5] * 3)
    file.add_array("clip.vision.image_std", [0.5] * 3)
    file.add_tensor("v.patch_embd.weight", _random(chance, width, 3, PATCH, PATCH))
    file.add_tensor("v.position_embd.weight", _random(chance, (SIDE // PATCH) ** 2 + 1, width))
    file.add_tensor("v.class_embd", _random(chance, width))
    _norms(file, width, "v.pre_ln", "v.post_ln", *[f"v.blk.{n}.{name}" for n in range(LAYERS) for name in ("ln1", "ln2")])
    for n in range(LAYERS):
        shapes = {name: (width, width) for name in ("attn_q", "attn_k", "attn_v", "attn_out")}
        shapes |= {"ffn_up": (inner, width), "ffn_down": (width, inner)}
        for name, shape in shapes.items():
            _linear(file, f"v.blk.{n}.{name}", _random(chance, *shape), np.zeros(shape[0], np.float32))
    common = np.zeros(WIDTH, np.float32)
    common[0] = 6
    _linear(file, "mm.0", _random(chance, WIDTH, width), np.zeros(WIDTH, np.float32))
    _linear(file, "mm.2", _random(chance, WIDTH, WIDTH), common)
    return _written(file, path)


def _random(chance, *shape, scale=0.3):
    return (chance.normal(size=shape) * scale).astype(np.float32)


def _linear(file, name, weight, bias):
    file.add_tensor(f"{name}.weight", weight)
    file.add_tensor(f"{name}.bias", bias)


def _norms(file, width, *names):
    for name in names:
        _linear(file, name, np.ones(width, np.float32), np.zeros(width, np.float32))


def _written(file, path):
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return path
