"""A vision-language model in this process: one forward pass a pair, the logits of yes and no at the last position.

No `generate`, so no sampling, penalty or generation_config can touch them (UniME-V2's released
scores carry a repetition penalty, PEERS.md, finding 4). Only the rows of the head that are yes
or no are multiplied, in float32: bfloat16 weights on a GPU do not put scores on a grid of 1/8.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from pipelines.judge.estimate import prompt_tokens
from pipelines.judge.fingerprint import named
from pipelines.judge.judge import FAILED, Picture, Sizes
from pipelines.judge.question import BadPair, Turns, as_messages, turns
from pipelines.judge.rows import Said, score_rows
from pipelines.judge.spec import JudgeSpec, prompt_hash
from pipelines.judge.spelling import score, word_of
from pipelines.pretrained.hub import folder_of
from pipelines.pretrained.loading import dtype_on, load_processor, load_weights
from pipelines.pretrained.padding import joined, mask_of, padded
from schemas.errors import SettingsError

TOKEN_ROWS = ("input_ids", "mm_token_type_ids")
"""Arrays with a value a token; the others have one a picture or a patch."""
OF_PICTURES = ("pixel_values", "image_grid_thw", "image_sizes")
SPELLS_TOKENS = "text spells the model's own tokens"
"""What the fence let through: a token that this tokenizer reserves and that begins with no bracket."""
Arrays = Mapping[str, np.ndarray]


class VlmJudge:
    """One actor's model: any that `AutoModelForImageTextToText` knows and whose processor makes `input_ids` and patches."""

    def __init__(self, spec: JudgeSpec, device: str = "cpu") -> None:
        """Load processor and weights (safetensors only).

        Raises:
            SettingsError: they are not there, or the model's logits are not its last states times its head.
        """
        self.spec, self.device = spec, device
        self.model, self.prompt_hash = named(spec, device), prompt_hash(spec.question)
        folder, trusted = folder_of(spec, weights=True, section="judge"), spec.trust_remote_code
        self._processor = load_processor(AutoProcessor, folder, spec, "judge", trusted)
        self._limit_pictures()
        dtype = dtype_on(device, spec.gpu_dtype)
        options = {"trust_remote_code": trusted, "use_safetensors": True}
        model, _ = load_weights(AutoModelForImageTextToText, folder, spec, dtype, "judge", **options)
        self._net = model.to(device)
        config = model.config.get_text_config()
        self._pad = config.pad_token_id or 0
        self._yes, self._no = self._spellings()
        head = model.get_output_embeddings()
        ids = torch.tensor([*self._yes, *self._no], device=device)
        self._rows = head.weight[ids].detach().float()
        self._bias = head.bias[ids].detach().float() if getattr(head, "bias", None) is not None else None
        self._reserved = set(self._processor.tokenizer.added_tokens_decoder) | set(self._processor.tokenizer.all_special_ids)
        self._check_head()

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES. Batches hold pairs of like length; a batch that fails is asked again one by one.

        Cost: the chunk's patches in memory, and one batch's activations.
        """
        said: dict[int, Said] = {}
        ready: dict[int, Arrays] = {}
        for n, pair in enumerate(pairs.to_pylist()):
            try:
                ready[n] = self.prepared(turns(self.spec, pair, pictures))
            except BadPair as bad:
                said[n] = bad
        for batch in self._batches(ready):
            said.update(zip(batch, self._judged([ready[n] for n in batch]), strict=True))
        return score_rows(pairs, [said[n] for n in range(len(pairs))])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

    def prepared(self, asked: Turns) -> Arrays:
        """What the model is given: `input_ids` [t] and its pictures' patches.

        Raises:
            BadPair: the prompt has another number of reserved tokens than the question and the pictures have.
        """
        arrays = self._processed(self._prompt(asked), asked.pictures)
        blank = Turns(asked.system, tuple("" if isinstance(part, str) else part for part in asked.user))
        wanted = self._processed(self._prompt(blank), asked.pictures)["input_ids"]
        found = arrays["input_ids"]
        if self._count(found) != self._count(wanted):
            raise BadPair(SPELLS_TOKENS, f"{self._count(found)} reserved tokens, {self._count(wanted)} are the question's")
        return arrays

    @torch.inference_mode()
    def logits(self, batch: Sequence[Arrays]) -> np.ndarray:
        """[b, spellings of yes, then of no] float32, of the last position.

        Args:
            batch: at least one; padded on the left, so that every last position is the batch's last.
        """
        rows = [item["input_ids"] for item in batch]
        inputs = {"input_ids": padded(rows, self._pad, "left"), "attention_mask": mask_of(rows, "left")}
        if all("mm_token_type_ids" in item for item in batch):
            inputs["mm_token_type_ids"] = padded([item["mm_token_type_ids"] for item in batch], 0, "left")
        for key in OF_PICTURES:
            array = joined(batch, key)
            if array is not None:
                inputs[key] = array.to(self._net.dtype) if array.is_floating_point() else array
        moved = {key: value.to(self.device) for key, value in inputs.items()}
        states = self._net.base_model(**moved, use_cache=False).last_hidden_state[:, -1]
        found = states.float() @ self._rows.T
        return np.asarray((found if self._bias is None else found + self._bias).cpu().numpy())

    def _prompt(self, asked: Turns) -> str:
        messages = as_messages(asked, lambda _: {"type": "image"})
        return str(self._processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def _processed(self, prompt: str, pictures: Sequence[np.ndarray]) -> Arrays:
        images = [Image.fromarray(p) for p in pictures] or None
        found = self._processor(text=[prompt], images=images, return_tensors="np")
        arrays = {k: np.asarray(v) for k, v in found.items() if k != "attention_mask"}
        return {k: v[0] if k in TOKEN_ROWS else v for k, v in arrays.items()}

    def _count(self, ids: np.ndarray) -> int:
        return sum(int(i) in self._reserved for i in ids)

    def _batches(self, ready: Mapping[int, Arrays]) -> list[list[int]]:
        """Longest first, so that what does not fit in memory shows at once; a batch's tokens are padded ones."""
        batches: list[list[int]] = []
        for n in sorted(ready, key=lambda n: (-len(ready[n]["input_ids"]), n)):
            last = batches[-1] if batches else []
            longest = len(ready[last[0]]["input_ids"]) if last else 0
            if not last or len(last) >= self.spec.batch_pairs or (len(last) + 1) * longest > self.spec.batch_tokens:
                batches.append([n])
            else:
                last.append(n)
        return batches

    def _judged(self, batch: Sequence[Arrays]) -> list[Said]:
        try:
            found = self.logits(batch)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:  # what torch and the models raise
            if len(batch) > 1:
                return [said for one in batch for said in self._judged([one])]
            return [BadPair(FAILED, f"{type(error).__name__}: {error}")]
        yes = len(self._yes)
        scores = score(found, range(yes), range(yes, found.shape[1]))
        broken = BadPair(FAILED, "logits that are not finite")
        return [float(s) if np.isfinite(row).all() else broken for s, row in zip(scores, found, strict=True)]

    def _spellings(self) -> tuple[list[int], list[int]]:
        """Token ids of yes and of no."""
        tokenizer, question = self._processor.tokenizer, self.spec.question
        ids = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
        words = [word_of(text, question) for text in tokenizer.batch_decode([[i] for i in ids])]
        found = {w: [i for i, word in zip(ids, words, strict=True) if word == w] for w in ("yes", "no")}
        for word, spelled in (("yes", question.yes), ("no", question.no)):
            if not found[word]:
                raise SettingsError(
                    f"judge.question.{word} '{spelled}': the tokenizer of {self.spec.path or self.spec.model} has no single token"
                    " for it; choose a word that it has"
                )
        return found["yes"], found["no"]

    def _limit_pictures(self) -> None:
        processor, spec = self._processor.image_processor, self.spec
        size = getattr(processor, "size", None)
        if (spec.min_pixels or spec.max_pixels) and size is not None:
            low, high = spec.min_pixels or size["shortest_edge"], spec.max_pixels or size["longest_edge"]
            processor.size = {"shortest_edge": low, "longest_edge": high}

    @torch.inference_mode()
    def _check_head(self) -> None:
        """Some models cap or scale their logits after the head; such a one is not judged with quietly."""
        ids = self._processor.tokenizer("yes or no", return_tensors="pt")["input_ids"].to(self.device)
        told = self._net(input_ids=ids, use_cache=False).logits[0, -1, [*self._yes, *self._no]].float().cpu().numpy()
        ours = self.logits([{"input_ids": ids[0].cpu().numpy()}])[0]
        room = 1e-3 if self._net.dtype == torch.float32 else 2**-6  # bfloat16 keeps 8 bits
        if not np.allclose(told, ours, atol=room * max(1.0, float(np.abs(told).max()))):
            raise SettingsError(
                f"judge.model {self.spec.path or self.spec.model}: {type(self._net).__name__} changes its logits after its head "
                f"({told[0]:.4f}, the head gives {ours[0]:.4f}); ask it through a server (judge.backend=openai)"
            )
