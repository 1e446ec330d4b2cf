"""Files beside a saved vision-language model with which sentence-transformers encodes as the trainer does.

Without them `SentenceTransformer(folder)` takes the mean of all tokens, without a word: vectors that were never trained.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from uninote_train.models.vlm_prompts import Prompts

MODULES = (
    ("", "sentence_transformers.base.modules.transformer.Transformer"),
    ("1_Pooling", "sentence_transformers.sentence_transformer.modules.pooling.Pooling"),
    ("2_Normalize", "sentence_transformers.base.modules.normalize.Normalize"),
)
STATES = {"method": "forward", "method_output_name": "last_hidden_state"}
README = """# A trained embedding model

    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer("this folder")                    # or with truncate_dim=64
    model.encode(["red mug"])                                     # a text
    model.encode([picture], prompt_name="image")                  # a PIL picture
    model.encode([{"image": picture, "text": "red mug"}], prompt_name="note")    # of several pictures: "image": [one, two]

Each kind of item has its prompt (image, crop, text, ocr, note), which was trained with it; the default is that of a text.
Strip a text (`text.strip()`), and take the model's own special tokens (<|im_end|>) out of it: the trainer did both.
An input longer than the training's `model.max_length` was cut there, and is not cut here: its vector differs.
A truncated vector is not of length 1: compare with cosines, or pass normalize_embeddings=True.
Needs sentence-transformers 6 or newer, which reads pictures.
"""


def write_sentence_transformers_files(folder: Path, prompts: Prompts, dimensions: int) -> None:
    """Describe the model in `folder`: chat template, last token, unit length, a prompt for each kind of item.

    Args:
        folder: of a model that transformers can load, or of its adapters.
        prompts: the system turn by kind.
        dimensions: length of a vector.
    """
    files: dict[str, Any] = {
        "modules.json": [{"idx": n, "name": str(n), "path": path, "type": kind} for n, (path, kind) in enumerate(MODULES)],
        "sentence_bert_config.json": {
            "transformer_task": "feature-extraction",
            "modality_config": {"text": STATES, "image": STATES, "message": {**STATES, "format": "structured"}},
            "module_output_name": "token_embeddings",
            "processing_kwargs": {"chat_template": {"add_generation_prompt": True}},
        },
        "config_sentence_transformers.json": {
            "model_type": "SentenceTransformer",
            "prompts": asdict(prompts),
            "default_prompt_name": "text",
            "similarity_fn_name": "cosine",
        },
        "1_Pooling/config.json": {"embedding_dimension": dimensions, "pooling_mode": "lasttoken", "include_prompt": True},
        "2_Normalize/config.json": {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"},
    }
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
    (folder / "README.md").write_text(README, encoding="utf8")
