"""A vision-language model in this process: one forward pass a pair, the logits of yes and no at the last position.

No `generate`, so no sampling, penalty or generation_config can touch them (UniME-V2's released
scores carry a repetition penalty, peers.md, finding 4). Only the rows of the head that are yes
or no are multiplied, in float32: bfloat16 weights on a GPU do not put scores on a grid of 1/8.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from pipelines.judge.judge_fingerprint import named
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.chat_template import Arrays, Prompter, by_length
from pipelines.judge.prompt.question import BadPair, turns
from pipelines.judge.prompt.yes_no_tokens import score
from pipelines.judge.protocol import FAILED, Picture, Sizes
from pipelines.judge.score_rows import Said, score_rows
from pipelines.judge.token_estimate import prompt_tokens
from pipelines.models.padding import joined, mask_of, padded
from pipelines.models.transformers_loading import dtype_on, load_processor, load_weights
from pipelines.models.weights_folder import folder_of
from schemas.errors import SettingsError

OF_PICTURES = ("pixel_values", "image_grid_thw", "image_sizes")


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
        self.prompter = Prompter(load_processor(AutoProcessor, folder, spec, "judge", trusted), spec)
        self._yes, self._no = self.prompter.spelled(spec.question)
        options = {"trust_remote_code": trusted, "use_safetensors": True}
        dtype = dtype_on(device, spec.gpu_dtype)
        model, _ = load_weights(AutoModelForImageTextToText, folder, spec, dtype, "judge", **options)
        self._net = model.to(device)
        self._pad = model.config.get_text_config().pad_token_id or 0
        head, ids = model.get_output_embeddings(), torch.tensor([*self._yes, *self._no], device=device)
        self._rows = head.weight[ids].detach().float()
        self._bias = head.bias[ids].detach().float() if getattr(head, "bias", None) is not None else None
        self._check_head()

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES. Batches hold pairs of like length; a batch that fails is asked again one by one.

        Cost: the chunk's patches in memory, and one batch's activations.
        """
        said: dict[int, Said] = {}
        ready: dict[int, Arrays] = {}
        for n, pair in enumerate(pairs.to_pylist()):
            try:
                ready[n] = self.prompter.arrays(turns(self.spec, pair, pictures))
            except BadPair as bad:
                said[n] = bad
        for batch in by_length(ready, self.spec.batch_pairs, self.spec.batch_tokens):
            said.update(zip(batch, self._judged([ready[n] for n in batch]), strict=True))
        return score_rows(pairs, [said[n] for n in range(len(pairs))])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

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

    @torch.inference_mode()
    def _check_head(self) -> None:
        """Some models cap or scale their logits after the head; such a one is not judged with quietly."""
        ids = np.asarray(self.prompter.tokenizer("yes or no")["input_ids"])
        given = torch.from_numpy(ids)[None].to(self.device)
        told = self._net(input_ids=given, use_cache=False).logits[0, -1, [*self._yes, *self._no]].float().cpu().numpy()
        ours = self.logits([{"input_ids": ids}])[0]
        room = 1e-3 if self._net.dtype == torch.float32 else 2**-6  # bfloat16 keeps 8 bits
        if not np.allclose(told, ours, atol=room * max(1.0, float(np.abs(told).max()))):
            raise SettingsError(
                f"judge.model {self.spec.path or self.spec.model}: {type(self._net).__name__} changes its logits after its "
                f"head ({told[0]:.4f}, the head gives {ours[0]:.4f}); ask it through a server (judge.backend=openai)"
            )
