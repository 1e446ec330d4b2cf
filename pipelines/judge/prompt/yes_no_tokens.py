"""Yes against no: which tokens are the words, and the score of their logits."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.judge.preset import Question
from pipelines.judge.prompt.question import BadPair
from pipelines.judge.protocol import NOT_IN_TOP, UNREADABLE

_AROUND = " \t\n\r\u00a0\u0120\u2581\u010a"
"""Spaces, also as tokenizers write them: \u0120 of byte-level BPE, \u2581 of SentencePiece, \u010a for a line break."""

MOST_PROBABILITY = 1.02
"""Of all top tokens together: servers round, some to half precision."""


def word_of(token: str, question: Question) -> str | None:
    """Which word a token is: "yes", "no", or None.

    >>> word_of(" Yes", Question())
    'yes'
    >>> word_of("not", Question()) is None
    True
    """
    exact = question.spellings == "exact"
    spelled = token if exact else token.strip(_AROUND).casefold()
    if spelled == (question.yes if exact else question.yes.casefold()):
        return "yes"
    return "no" if spelled == (question.no if exact else question.no.casefold()) else None


def spellings(word: str, question: Question) -> set[str]:
    """The spellings of a word that common tokenizers have a token for."""
    if question.spellings == "exact":
        return {word}
    return {space + w for space in ("", " ") for w in (word, word.lower(), word.capitalize(), word.upper())}


def score(logits: NDArray[np.float32], yes: Sequence[int], no: Sequence[int]) -> NDArray[np.float64]:
    """sigmoid(l_yes - l_no): the model's odds of saying yes in any spelling against no in any.

    l_yes and l_no are the log of the sum of the exponentials (logsumexp) of the logits of their spellings.

    Args:
        logits: [n, spellings] float32, of all spellings.
        yes: columns that are yes.
        no: columns that are no.

    Returns:
        [n] 0 to 1.
    """
    wide = logits.astype(np.float64)
    odds = np.logaddexp.reduce(wide[:, list(yes)], axis=1) - np.logaddexp.reduce(wide[:, list(no)], axis=1)
    return np.asarray(_sigmoid(odds))


def score_of_top(top: Iterable[tuple[str, float]], asked: int, tolerance: float, question: Question) -> float:
    """The same from a server's top tokens.

    A spelling that is not among them has at most the probability of the last one. Where that could move the score by
    more than `tolerance` the answer is refused, as it is where one of the words has no spelling among them: never 0 or 1.

    Args:
        top: token and log probability.
        asked: how many were asked for; fewer than that say nothing of what is not among them.
        tolerance: of the score.
        question: the words.

    Raises:
        BadPair: with reason NOT_IN_TOP, or UNREADABLE for numbers that are none and for too few tokens.
    """
    found = list(top)
    if not all(_is_token(t, p) for t, p in found):
        raise BadPair(UNREADABLE, f"top tokens {str(found[:3])[:200]}: expected words and log probabilities")
    if len(found) < asked:
        raise BadPair(UNREADABLE, f"{len(found)} top tokens came back, {asked} were asked for")
    if (total := math.fsum(math.exp(p) for _, p in found)) > MOST_PROBABILITY:
        raise BadPair(UNREADABLE, f"the probabilities of the top tokens add up to {total:.3f}, expected at most 1")
    words = {"yes": question.yes, "no": question.no}
    sums = {w: [math.exp(p) for t, p in found if word_of(t, question) == w] for w in words}
    absent = [words[w] for w in words if not sum(sums[w])]
    if absent:
        raise BadPair(NOT_IN_TOP, f"no {' and no '.join(absent)} among {[t for t, _ in found[:6]]}… of {len(found)}")
    unseen = {w: max(len(spellings(words[w], question)) - len(sums[w]), 0) for w in words}
    least = math.exp(min(p for _, p in found))
    yes, no = sum(sums["yes"]), sum(sums["no"])
    low, high = yes / (yes + no + unseen["no"] * least), (yes + unseen["yes"] * least) / (yes + no + unseen["yes"] * least)
    if high - low > tolerance:
        raise BadPair(NOT_IN_TOP, f"the spellings not seen leave the score between {low:.4f} and {high:.4f}")
    return yes / (yes + no)


def _is_token(token: object, logprob: object) -> bool:
    return isinstance(token, str) and type(logprob) in (int, float) and logprob <= 1e-3  # type: ignore[operator]  # NaN fails too


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # exp of much is inf, and 1 / inf is 0
        return 1.0 / (1.0 + np.exp(-x))
