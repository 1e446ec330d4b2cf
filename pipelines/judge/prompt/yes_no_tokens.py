"""The tokens of yes and no, and the score from their logits."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.judge.preset import Question
from pipelines.judge.prompt.question import BadPair
from pipelines.judge.protocol import NOT_IN_TOP, UNREADABLE

_AROUND = " \t\n\r\u00a0\u0120\u2581\u010a"
"""Spaces, and how tokenizers write them: \u0120 of byte-level BPE, \u2581 of SentencePiece, \u010a for a line break."""

MAX_PROBABILITY = 1.02
"""Highest sum over the top tokens: servers round, some to half precision."""


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
    """sigmoid(l_yes - l_no): the probability of yes in any spelling, against no in any spelling.

    l_yes and l_no are the log of the sum of the exponentials (logsumexp) of the logits of their spellings.

    Args:
        logits: [n, spellings] float32, of all spellings.
        yes: the columns of yes.
        no: the columns of no.

    Returns:
        [n] 0 to 1.
    """
    wide = logits.astype(np.float64)
    odds = np.logaddexp.reduce(wide[:, list(yes)], axis=1) - np.logaddexp.reduce(wide[:, list(no)], axis=1)
    return np.asarray(_sigmoid(odds))


def score_of_top(top: Iterable[tuple[str, float]], requested: int, tolerance: float, question: Question) -> float:
    """The same score from a server's top tokens.

    A spelling that is not among them has at most the probability of the last one. An answer is rejected if that could
    change the score by more than `tolerance`, or if a word has no spelling among them: the score is never 0 or 1.

    Args:
        top: tokens with their log probabilities.
        requested: number of top tokens requested; with fewer, the missing ones have no known bound.
        tolerance: largest change of the score by missing spellings.
        question: the words and their spellings.

    Raises:
        BadPair: with reason NOT_IN_TOP, or UNREADABLE for invalid numbers and for too few tokens.
    """
    tokens = list(top)
    if not all(_is_token(t, p) for t, p in tokens):
        raise BadPair(UNREADABLE, f"top tokens {str(tokens[:3])[:200]}: expected words and log probabilities")
    if len(tokens) < requested:
        raise BadPair(UNREADABLE, f"expected {requested} top tokens, got {len(tokens)}")
    if (total := math.fsum(math.exp(p) for _, p in tokens)) > MAX_PROBABILITY:
        raise BadPair(UNREADABLE, f"the probabilities of the top tokens add up to {total:.3f}, expected at most 1")
    words = {"yes": question.yes, "no": question.no}
    sums = {w: [math.exp(p) for t, p in tokens if word_of(t, question) == w] for w in words}
    absent = [words[w] for w in words if not sum(sums[w])]
    if absent:
        raise BadPair(NOT_IN_TOP, f"no {' and no '.join(absent)} among {[t for t, _ in tokens[:6]]}… of {len(tokens)}")
    missing = {w: max(len(spellings(words[w], question)) - len(sums[w]), 0) for w in words}
    least = math.exp(min(p for _, p in tokens))
    yes, no = sum(sums["yes"]), sum(sums["no"])
    low, high = yes / (yes + no + missing["no"] * least), (yes + missing["yes"] * least) / (yes + no + missing["yes"] * least)
    if high - low > tolerance:
        raise BadPair(NOT_IN_TOP, f"the missing spellings leave the score between {low:.4f} and {high:.4f}")
    return yes / (yes + no)


def _is_token(token: object, logprob: object) -> bool:
    return isinstance(token, str) and type(logprob) in (int, float) and logprob <= 1e-3  # type: ignore[operator]  # NaN fails too


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # exp overflows to inf, and 1 / inf is 0
        return 1.0 / (1.0 + np.exp(-x))
