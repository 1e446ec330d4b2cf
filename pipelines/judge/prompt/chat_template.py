"""The prompt for a pair as a model's input arrays: chat template, tokens and patches."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from pipelines.items.failure_reasons import Reason
from pipelines.judge.preset import JudgeSpec, Question
from pipelines.judge.prompt.question import BadPair, Turns, as_messages
from pipelines.judge.prompt.text_fence import MARK
from pipelines.judge.prompt.yes_no_tokens import word_of
from schemas.errors import SettingsError

TOKEN_ROWS = ("input_ids", "mm_token_type_ids")
"""Arrays with one value per token; the others have one per picture or patch."""
SPELLS_TOKENS = Reason.SPELLS_TOKENS
"""The fence does not catch a reserved token of this tokenizer that begins without a bracket."""
Arrays = Mapping[str, np.ndarray]


class PromptBuilder:
    """Builds a model's inputs with its own processor."""

    def __init__(self, processor: Any, spec: JudgeSpec) -> None:  # noqa: ANN401  # transformers' own classes
        """Keep the processor, and set the preset's limits of a picture."""
        self._processor, self.tokenizer = processor, processor.tokenizer
        size = getattr(processor.image_processor, "size", None)
        if (spec.min_pixels or spec.max_pixels) and size is not None:
            low, high = spec.min_pixels or size["shortest_edge"], spec.max_pixels or size["longest_edge"]
            processor.image_processor.size = {"shortest_edge": low, "longest_edge": high}
        self._reserved = set(self.tokenizer.added_tokens_decoder) | set(self.tokenizer.all_special_ids)

    def arrays(self, chat: Turns) -> Arrays:
        """The model's input: `input_ids` [t] and the patches of the pictures.

        Raises:
            BadPair: a text contains a token that the tokenizer reserves.
        """
        prompt = self.prompt(chat)
        injected = self.reserved_tokens(prompt) - self.reserved_tokens(self.prompt(_without_quotes(chat)))
        if injected:
            names = [self.tokenizer.convert_ids_to_tokens(i) for i in sorted(injected)]
            raise BadPair(SPELLS_TOKENS, f"{names}")
        images = [Image.fromarray(p) for p in chat.pictures] or None
        inputs = self._processor(text=[prompt], images=images, return_tensors="np")
        arrays = {k: np.asarray(v) for k, v in inputs.items() if k != "attention_mask"}
        return {k: v[0] if k in TOKEN_ROWS else v for k, v in arrays.items()}

    def prompt(self, chat: Turns) -> str:
        """The processor's text input, with a placeholder for each picture."""
        messages = as_messages(chat, lambda _: {"type": "image"})
        return str(self._processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def reserved_tokens(self, prompt: str) -> Counter[int]:
        """Count each reserved token in a prompt, before pictures are inserted."""
        return Counter(i for i in self.tokenizer(prompt)["input_ids"] if i in self._reserved)

    def word_token_ids(self, question: Question) -> tuple[list[int], list[int]]:
        """Token ids of yes and of no: every token that is the word, by the question's `spellings`.

        Raises:
            SettingsError: a word has none.
        """
        ids = sorted(set(self.tokenizer.get_vocab().values()) - set(self.tokenizer.all_special_ids))
        words = [word_of(text, question) for text in self.tokenizer.batch_decode([[i] for i in ids])]
        by_word = {w: [i for i, word in zip(ids, words, strict=True) if word == w] for w in ("yes", "no")}
        for word, spelling in (("yes", question.yes), ("no", question.no)):
            if not by_word[word]:
                raise SettingsError(
                    f"judge.question.{word} is '{spelling}': the model's tokenizer has no single token for it; "
                    "choose a word that has one"
                )
        return by_word["yes"], by_word["no"]


def _without_quotes(chat: Turns) -> Turns:
    """The question without the items' texts."""

    def unquoted(part: str) -> str:
        return "\n".join(line for line in part.split("\n") if not line.startswith(MARK))

    return Turns(chat.system, tuple(unquoted(part) if isinstance(part, str) else part for part in chat.user))


def batches_by_length(ready: Mapping[int, Arrays], max_pairs: int, max_tokens: int) -> Sequence[Sequence[int]]:
    """Batches of pairs of similar length, longest first, so that a lack of memory shows at once.

    Args:
        ready: number of a pair -> its arrays.
        max_pairs: most pairs per batch.
        max_tokens: most tokens per padded batch, pairs times the longest.
    """
    batches: list[list[int]] = []
    for n in sorted(ready, key=lambda n: (-len(ready[n]["input_ids"]), n)):
        last = batches[-1] if batches else []
        longest = len(ready[last[0]]["input_ids"]) if last else 0
        if not last or len(last) >= max_pairs or (len(last) + 1) * longest > max_tokens:
            batches.append([n])
        else:
            last.append(n)
    return batches
