"""A vision-language model in this process: one forward pass per pair, the logits of yes and no at the last position.

No `generate`, so no sampling, penalty or generation_config changes them (UniME-V2's released
scores contain a repetition penalty, peers.md, finding 4). Only the head's rows of yes and no are
multiplied, in float32: bfloat16 weights on a GPU do not round scores to a grid of 1/8.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from pipelines.judge.judge_context import JudgeContext
from pipelines.judge.judge_fingerprint import judge_model
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.chat_template import Arrays, PromptBuilder, batches_by_length
from pipelines.judge.prompt.question import BadPair, turns
from pipelines.judge.prompt.yes_no_tokens import score
from pipelines.judge.protocol import FAILED, Judge, Picture, Sizes
from pipelines.judge.score_rows import PairOutcome, score_rows
from pipelines.judge.token_estimate import prompt_tokens
from pipelines.models.padding import joined, mask_of, padded
from pipelines.models.transformers_loading import dtype_on, load_processor, load_weights
from pipelines.models.weights_folder import folder_of
from schemas.errors import SettingsError

PICTURE_INPUTS = ("pixel_values", "image_grid_thw", "image_sizes")


def load(context: JudgeContext) -> Judge:
    """As `VlmJudge`, on the actor's GPU if the context says so.

    Raises:
        SettingsError: as `VlmJudge`, or torch finds no GPU.
    """
    torch.set_num_threads(context.threads)
    if context.gpu and not torch.cuda.is_available():
        raise SettingsError(f"judge on a GPU: torch {torch.__version__} finds none; run without one")
    return VlmJudge(context.spec, "cuda" if context.gpu else "cpu")


class VlmJudge:
    """One actor's model: any of `AutoModelForImageTextToText` with a processor that returns `input_ids` and patches."""

    def __init__(self, spec: JudgeSpec, device: str = "cpu") -> None:
        """Load processor and weights (safetensors only).

        Raises:
            SettingsError: they are missing, or the model's logits are not its last hidden states times its head.
        """
        self.spec, self.device = spec, device
        self.model, self.prompt_hash = judge_model(spec, device), prompt_hash(spec.question)
        folder, trusted = folder_of(spec, weights=True, section="judge"), spec.trust_remote_code
        self.prompts = PromptBuilder(load_processor(AutoProcessor, folder, spec, "judge", trusted), spec)
        self._yes, self._no = self.prompts.word_token_ids(spec.question)
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
        """SCORES. Batches have pairs of similar length; the pairs of a failed batch are retried one by one.

        Cost: the chunk's patches in memory, and one batch's activations.
        """
        outcomes: dict[int, PairOutcome] = {}
        ready: dict[int, Arrays] = {}
        for n, pair in enumerate(pairs.to_pylist()):
            try:
                ready[n] = self.prompts.arrays(turns(self.spec, pair, pictures))
            except BadPair as bad:
                outcomes[n] = bad
        for batch in batches_by_length(ready, self.spec.batch_pairs, self.spec.batch_tokens):
            outcomes.update(zip(batch, self._scores([ready[n] for n in batch]), strict=True))
        return score_rows(pairs, [outcomes[n] for n in range(len(pairs))])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

    @torch.inference_mode()
    def logits(self, batch: Sequence[Arrays]) -> np.ndarray:
        """[b, spellings of yes, then of no] float32, at the last position.

        Args:
            batch: at least one pair; padded on the left, so that all last positions are the same.
        """
        rows = [item["input_ids"] for item in batch]
        inputs = {"input_ids": padded(rows, self._pad, "left"), "attention_mask": mask_of(rows, "left")}
        if all("mm_token_type_ids" in item for item in batch):
            inputs["mm_token_type_ids"] = padded([item["mm_token_type_ids"] for item in batch], 0, "left")
        for key in PICTURE_INPUTS:
            array = joined(batch, key)
            if array is not None:
                inputs[key] = array.to(self._net.dtype) if array.is_floating_point() else array
        moved = {key: value.to(self.device) for key, value in inputs.items()}
        states = self._net.base_model(**moved, use_cache=False).last_hidden_state[:, -1]
        products = states.float() @ self._rows.T
        return np.asarray((products if self._bias is None else products + self._bias).cpu().numpy())

    def _scores(self, batch: Sequence[Arrays]) -> list[PairOutcome]:
        try:
            logits = self.logits(batch)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:  # torch and the models raise these
            if len(batch) > 1:
                return [outcome for one in batch for outcome in self._scores([one])]
            return [BadPair(FAILED, f"{type(error).__name__}: {error}")]
        yes = len(self._yes)
        scores = score(logits, range(yes), range(yes, logits.shape[1]))
        broken = BadPair(FAILED, "the logits are not finite")
        return [float(s) if np.isfinite(row).all() else broken for s, row in zip(scores, logits, strict=True)]

    @torch.inference_mode()
    def _check_head(self) -> None:
        """Reject a model that caps or scales its logits after the head: its scores would be wrong."""
        ids = np.asarray(self.prompts.tokenizer("yes or no")["input_ids"])
        input_ids = torch.from_numpy(ids)[None].to(self.device)
        expected = self._net(input_ids=input_ids, use_cache=False).logits[0, -1, [*self._yes, *self._no]].float().cpu().numpy()
        computed = self.logits([{"input_ids": ids}])[0]
        tolerance = 1e-3 if self._net.dtype == torch.float32 else 2**-6  # bfloat16 keeps 8 bits
        if not np.allclose(expected, computed, atol=tolerance * max(1.0, float(np.abs(expected).max()))):
            raise SettingsError(
                f"judge.model {self.spec.path or self.spec.model}: {type(self._net).__name__} changes its logits after its "
                f"head (expected {expected[0]:.4f}, the head gives {computed[0]:.4f}); use a server (judge.backend=openai)"
            )
