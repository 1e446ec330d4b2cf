"""A judge on vLLM engines inside Ray Data (ray.data.llm), for GPU clusters.

The requests and the parsing of answers are tested; the engines were not run: there was no GPU.
Unlike the other judges it does not run in an actor: it starts a Ray Data pipeline of its own, so
the job calls it, with large chunks.
"""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import pyarrow as pa

from pipelines.judge.backends.chat_completion import NO_LOGPROBS, picture_part
from pipelines.judge.judge_context import JudgeContext
from pipelines.judge.judge_fingerprint import judge_model
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.question import BadPair, as_messages, turns
from pipelines.judge.prompt.yes_no_tokens import score_of_top
from pipelines.judge.protocol import FAILED, UNREADABLE, Judge, Picture, Sizes
from pipelines.judge.score_rows import PairOutcome, score_rows
from pipelines.judge.token_estimate import prompt_tokens

ERROR = "__inference_error__"
"""The column of ray.data.llm with the reason why a row has no answer (should_continue_on_error)."""
Row = dict[str, Any]


def load(context: JudgeContext) -> Judge:
    """As `EngineJudge`."""
    return EngineJudge(context.spec)


class EngineJudge:
    """Builds the requests, runs the pipeline and parses the answers."""

    def __init__(self, spec: JudgeSpec) -> None:
        """Compute the judge's name; engines start with the first pairs."""
        self.spec = spec
        self.model, self.prompt_hash = judge_model(spec), prompt_hash(spec.question)

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES. Cost: engines start and end with each call, minutes; so few calls, of many pairs."""
        outcomes: dict[int, PairOutcome] = {}
        rows: list[Row] = []
        for n, pair in enumerate(pairs.to_pylist()):
            try:
                rows.append(request_row(self.spec, n, pair, pictures))
            except BadPair as bad:
                outcomes[n] = bad
        outcomes.update(parse_answers(self.spec, self._run(rows) if rows else []))
        lost = BadPair(FAILED, "Ray Data returned no row for this pair")
        return score_rows(pairs, [outcomes.get(n, lost) for n in range(len(pairs))])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

    def _run(self, rows: list[Row]) -> Iterable[Row]:
        import ray
        from ray.data.llm import build_processor

        processor = build_processor(engine(self.spec), preprocess=partial(engine_input, self.spec), postprocess=top_tokens)
        return processor(ray.data.from_items(rows)).iter_rows()


def engine(spec: JudgeSpec) -> Any:  # noqa: ANN401  # ray's own class
    """The configuration of the engines.

    A row that fails becomes an error row: one prompt that was too long has ended whole runs (ray#59194).
    """
    from ray.data.llm import vLLMEngineProcessorConfig

    options = {
        "max_model_len": spec.engine.max_model_len,
        "tensor_parallel_size": spec.engine.tensor_parallel,
        "dtype": spec.gpu_dtype,
        "max_logprobs": spec.server.top_logprobs,
        "trust_remote_code": spec.trust_remote_code,
        "load_format": "safetensors",
        "generation_config": "vllm",  # not the model's own, which may have a repetition penalty
        "logprobs_mode": "raw_logprobs",
    }
    return vLLMEngineProcessorConfig(
        model_source=spec.path or spec.model,
        engine_kwargs=options | ({"revision": spec.revision} if spec.revision else {}) | spec.engine.extra,
        batch_size=spec.engine.batch_size,
        concurrency=spec.engine.replicas,
        should_continue_on_error=True,
        # "string" would move all pictures to the front
        prepare_multimodal_stage={"enabled": True, "chat_template_content_format": "openai"},
        chat_template_stage={"enabled": True},
        detokenize_stage={"enabled": True},
    )


def request_row(spec: JudgeSpec, number: int, pair: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Row:
    """A row of the pipeline: the pair's number and its messages as JSON, since Arrow would give all parts the same keys.

    Raises:
        BadPair: as `question.turns`.
    """
    messages = as_messages(turns(spec, pair, pictures), lambda pixels: picture_part(pixels, spec.server.pictures))
    return {"number": number, "messages_json": json.dumps(messages)}


def engine_input(spec: JudgeSpec, row: Row) -> Row:
    """The engine's input for a row (`preprocess`): one output token, all penalties off."""
    sampling = {"max_tokens": 1, "temperature": 1.0, "top_p": 1.0, "top_k": -1, "repetition_penalty": 1.0}
    params = sampling | {"logprobs": spec.server.top_logprobs}
    return {"number": row["number"], "messages": json.loads(row["messages_json"]), "sampling_params": params}


def top_tokens(row: Row) -> Row:
    """The part of an engine's answer to keep (`postprocess`): number, top tokens and their log probabilities."""
    logprobs = row.get("logprobs")
    first = logprobs[0] if logprobs is not None and len(logprobs) else {}
    top = [one for one in first.values() if one is not None]  # Arrow adds nulls for the tokens of other rows
    return {
        "number": row["number"],
        "tokens": [str(one["decoded_token"]) for one in top],
        "logprobs": [float(one["logprob"]) for one in top],
    }


def parse_answers(spec: JudgeSpec, rows: Iterable[Row]) -> dict[int, PairOutcome]:
    """Number of a pair -> score, or why there is none."""
    outcomes: dict[int, PairOutcome] = {}
    for row in rows:
        try:
            if row.get(ERROR):
                raise BadPair(FAILED, str(row[ERROR]))
            top = list(zip(row["tokens"], row["logprobs"], strict=True))
            if not top:
                raise BadPair(UNREADABLE, NO_LOGPROBS)
            outcomes[row["number"]] = score_of_top(top, spec.server.top_logprobs, spec.server.tolerance, spec.question)
        except BadPair as bad:
            outcomes[row["number"]] = bad
    return outcomes
