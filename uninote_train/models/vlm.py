"""A vision-language model of transformers, pooled by its last token, with low-rank adapters. The paper uses Qwen3-VL."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import AutoModel
from transformers.utils import logging as transformers_logging

from schemas.errors import SettingsError
from uninote_train.models.protocol import Batch, Model
from uninote_train.models.qwen_processor import PATCHES, patches_to_floats
from uninote_train.models.sentence_transformers_files import write_sentence_transformers_files
from uninote_train.models.settings import Lora, ModelChoice
from uninote_train.models.vlm_preparer import PICTURES, VlmPreparer, split_batch
from uninote_train.models.vlm_prompts import Prompts

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # the trainer prints its own progress
ADAPTER = "adapter_config.json"
MERGED = "merged"


class VlmModel(Model):
    """The base model without its language head, with adapters on the language model; the vision tower is not trained.

    The defaults are for one GPU: eight items at a time, activations recomputed, pictures of at most 512 tokens.
    """

    mini_batch = 8
    checkpointing = True

    def __init__(self, choice: ModelChoice, device: str) -> None:
        """Load processor and weights.

        Raises:
            SettingsError: no path, or no model in it.
        """
        super().__init__()
        self.choice = choice
        folder = _path(choice)
        self.base_path = _base_of(folder)
        self.preparer: VlmPreparer = VlmPreparer(choice, folder if Path(folder, "tokenizer.json").exists() else self.base_path)
        dtype = torch.bfloat16 if choice.gpu_dtype == "bfloat16" and device != "cpu" and choice.lora.rank else torch.float32
        base = _loaded(self.base_path, dtype)
        self.dimensions = int(base.config.get_text_config().hidden_size)
        self.net: Any = _adapted(base, folder, choice.lora)

    def embed(self, batch: Batch) -> Tensor:
        """As `Model.embed`: the last token's state, float32 from there on."""
        inputs = {name: t for name, t in batch.tensors.items() if name != PICTURES}
        base = self._base()
        if PATCHES in inputs:
            patches = inputs[PATCHES]
            floats = (
                patches_to_floats(self.preparer.processor.image_processor, patches) if patches.dtype == torch.uint8 else patches
            )
            inputs[PATCHES] = floats.to(base.dtype)
        states = base(**inputs, use_cache=False).last_hidden_state
        mask = inputs["attention_mask"]
        last = mask.shape[1] - 1 - mask.flip(1).long().argmax(1)  # for padding on either side
        rows = torch.arange(len(states), device=states.device)
        return F.normalize(states[rows, last].float(), dim=-1)

    def split(self, batch: Batch, size: int) -> list[Batch]:
        """As `Model.split`; a part has the patches of its own pictures, and is padded to its own longest item."""
        return split_batch(batch, size)

    def save(self, folder: Path) -> None:
        """Save adapters and processor; in `merged` the whole model with the adapters merged, and a preset for the pipeline.

        sentence-transformers loads both folders.
        """
        self.preparer.save(folder)
        net: Any = self.net
        net.save_pretrained(folder)
        write_sentence_transformers_files(folder, self.choice.prompts, self.dimensions)
        if not isinstance(self.net, PeftModel):
            _write_preset(folder / "encoder.toml", ".", self.choice, self.dimensions)
        elif self.choice.lora.merge:
            base = _loaded(self.base_path, "auto")
            whole = PeftModel.from_pretrained(base, str(folder)).merge_and_unload()
            whole.save_pretrained(folder / MERGED)
            self.preparer.save(folder / MERGED)
            write_sentence_transformers_files(folder / MERGED, self.choice.prompts, self.dimensions)
            _write_preset(folder / MERGED / "encoder.toml", ".", self.choice, self.dimensions)

    def start_checkpointing(self) -> None:
        """As `Model.start_checkpointing`."""
        self._base().activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})

    def _base(self) -> Any:  # noqa: ANN401  # any of transformers' models
        """The base model; adapters, if any, are inside it and act when it is called."""
        return self.net.get_base_model() if isinstance(self.net, PeftModel) else self.net


def _path(choice: ModelChoice) -> str:
    if choice.path is None:
        raise SettingsError(
            "model.path is not set: expected a folder of a vision-language model (Qwen/Qwen3-VL-8B-Instruct is the paper's)"
        )
    return choice.path


def _base_of(folder: str) -> str:
    """The base model of a folder's adapters; the folder itself where it has none.

    Raises:
        SettingsError: the base model that the adapters name does not exist.
    """
    file = Path(folder, ADAPTER)
    if not file.exists():
        return folder
    base = str(json.loads(file.read_text(encoding="utf8"))["base_model_name_or_path"])
    if base.startswith("/") and not Path(base).exists():
        raise SettingsError(
            f"{file}: the adapters are for {base}, which does not exist; correct base_model_name_or_path in the file"
        )
    return base


def _loaded(path: str, dtype: torch.dtype | str) -> Any:  # noqa: ANN401  # any of transformers' models
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        model, report = AutoModel.from_pretrained(path, dtype=dtype, trust_remote_code=False, output_loading_info=True)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"model.path {path}: transformers could not load it: {str(error).splitlines()[0][:200]}; without a network "
            "download it (`hf download ID --local-dir DIR`) and give the folder"
        ) from None
    finally:
        transformers_logging.set_verbosity(verbosity)
    missing = sorted(report["missing_keys"])
    if missing:
        raise SettingsError(f"model.path {path}: {len(missing)} weights are missing of {type(model).__name__}: {missing[:4]}")
    return model


def _adapted(base: Any, folder: str, lora: Lora) -> Any:  # noqa: ANN401  # transformers' and peft's
    """Make trainable: the folder's adapters if it has any; else new ones, or with rank 0 the language model's own weights."""
    if Path(folder, ADAPTER).exists():
        return PeftModel.from_pretrained(base, folder, is_trainable=True)
    base.requires_grad_(False)
    if lora.rank:
        kind = LoraConfig(
            r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=lora.targets, bias="none"
        )
        try:
            return get_peft_model(base, kind)
        except ValueError as error:
            raise SettingsError(f"model.lora: {str(error)[:300]}") from None
    for name, parameter in base.named_parameters():
        parameter.requires_grad_("language_model" in name)
    return base


def _write_preset(file: Path, path: str, choice: ModelChoice, dimensions: int) -> None:
    """Write the preset with which `jobs/mine_hard_negatives.py --set encoder.name=FILE --set encoder.path=FOLDER` uses it."""
    system = {k: choice.prompts.of(k) for k in Prompts.__dataclass_fields__}  # type: ignore[arg-type]  # its fields are the kinds
    fields: Sequence[tuple[str, Any]] = [
        ("backend", "vlm"), ("path", path), ("pooling", "last"), ("padding_side", "right"), ("dimensions", dimensions),
        ("max_length", choice.max_length), ("min_pixels", choice.min_pixels), ("max_pixels", choice.max_pixels),
    ]  # fmt: skip
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields]
    lines += ["[system]", *(f"{kind} = {json.dumps(text, ensure_ascii=False)}" for kind, text in system.items())]
    file.write_text("\n".join(lines) + "\n", encoding="utf8")
