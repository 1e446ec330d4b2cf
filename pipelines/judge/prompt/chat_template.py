"""The question about a pair as a model's own arrays: its chat template, its tokens, its patches."""

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
"""Arrays with a value a token; the others have one a picture or a patch."""
SPELLS_TOKENS = Reason.SPELLS_TOKENS
"""What the fence let through: a token that this tokenizer reserves and that begins with no bracket."""
Arrays = Mapping[str, np.ndarray]


class Prompter:
    """Makes a model's inputs with its own processor."""

    def __init__(self, processor: Any, spec: JudgeSpec) -> None:  # noqa: ANN401  # transformers' own classes
        """Keep the processor, and give it the preset's limits of a picture."""
        self._processor, self.tokenizer = processor, processor.tokenizer
        size = getattr(processor.image_processor, "size", None)
        if (spec.min_pixels or spec.max_pixels) and size is not None:
            low, high = spec.min_pixels or size["shortest_edge"], spec.max_pixels or size["longest_edge"]
            processor.image_processor.size = {"shortest_edge": low, "longest_edge": high}
        self._reserved = set(self.tokenizer.added_tokens_decoder) | set(self.tokenizer.all_special_ids)

    def arrays(self, asked: Turns) -> Arrays:
        """What the model is given: `input_ids` [t] and its pictures' patches.

        Raises:
            BadPair: a text brings in a token that the tokenizer reserves.
        """
        prompt = self.prompt(asked)
        brought = self.reserved_tokens(prompt) - self.reserved_tokens(self.prompt(_without_quotes(asked)))
        if brought:
            names = [self.tokenizer.convert_ids_to_tokens(i) for i in sorted(brought)]
            raise BadPair(SPELLS_TOKENS, f"{names}")
        images = [Image.fromarray(p) for p in asked.pictures] or None
        found = self._processor(text=[prompt], images=images, return_tensors="np")
        arrays = {k: np.asarray(v) for k, v in found.items() if k != "attention_mask"}
        return {k: v[0] if k in TOKEN_ROWS else v for k, v in arrays.items()}

    def prompt(self, asked: Turns) -> str:
        """The text that the processor is given, with a mark for each picture."""
        messages = as_messages(asked, lambda _: {"type": "image"})
        return str(self._processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def reserved_tokens(self, prompt: str) -> Counter[int]:
        """How often each token that the tokenizer reserves is in a prompt, before pictures are put in."""
        return Counter(i for i in self.tokenizer(prompt)["input_ids"] if i in self._reserved)

    def spelled(self, question: Question) -> tuple[list[int], list[int]]:
        """Token ids of yes and of no: every token whose text is the word, as the question has its spellings.

        Raises:
            SettingsError: there is none.
        """
        ids = sorted(set(self.tokenizer.get_vocab().values()) - set(self.tokenizer.all_special_ids))
        words = [word_of(text, question) for text in self.tokenizer.batch_decode([[i] for i in ids])]
        found = {w: [i for i, word in zip(ids, words, strict=True) if word == w] for w in ("yes", "no")}
        for word, spelled in (("yes", question.yes), ("no", question.no)):
            if not found[word]:
                raise SettingsError(
                    f"judge.question.{word} is '{spelled}': the model's tokenizer has no single token for it; "
                    "choose a word that it has"
                )
        return found["yes"], found["no"]


def _without_quotes(asked: Turns) -> Turns:
    """The question without the items' words."""

    def own(part: str) -> str:
        return "\n".join(line for line in part.split("\n") if not line.startswith(MARK))

    return Turns(asked.system, tuple(own(part) if isinstance(part, str) else part for part in asked.user))


def by_length(ready: Mapping[int, Arrays], most_pairs: int, most_tokens: int) -> Sequence[Sequence[int]]:
    """Pairs of like length together, longest first, so that what does not fit in memory shows at once.

    Args:
        ready: number of a pair -> its arrays.
        most_pairs: of a batch.
        most_tokens: of a padded batch, pairs times the longest.
    """
    batches: list[list[int]] = []
    for n in sorted(ready, key=lambda n: (-len(ready[n]["input_ids"]), n)):
        last = batches[-1] if batches else []
        longest = len(ready[last[0]]["input_ids"]) if last else 0
        if not last or len(last) >= most_pairs or (len(last) + 1) * longest > most_tokens:
            batches.append([n])
        else:
            last.append(n)
    return batches
