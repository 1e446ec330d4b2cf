"""A judge on vLLM engines inside Ray Data (ray.data.llm), for GPU clusters.

The requests and the reading of answers are tested; the engines were not run: there was no GPU.
Unlike the other judges it is no actor's: it drives a Ray Data pipeline of its own, so it is called
from the job, with large chunks.
"""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import pyarrow as pa

from pipelines.judge.backends.chat_completion import picture_part
from pipelines.judge.judge_fingerprint import named
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.prompt.question import BadPair, as_messages, turns
from pipelines.judge.prompt.yes_no_tokens import score_of_top
from pipelines.judge.protocol import FAILED, UNREADABLE, Picture, Sizes
from pipelines.judge.score_rows import Said, score_rows
from pipelines.judge.token_estimate import prompt_tokens

ERROR = "__inference_error__"
"""Where ray.data.llm says why a row has no answer (should_continue_on_error)."""
Row = dict[str, Any]


class EngineJudge:
    """Builds the requests, runs the pipeline, reads the answers."""

    def __init__(self, spec: JudgeSpec) -> None:
        """Name the judge; engines start with the first pairs."""
        self.spec = spec
        self.model, self.prompt_hash = named(spec), prompt_hash(spec.question)

    def __call__(self, pairs: pa.Table, pictures: Mapping[str, Picture]) -> pa.Table:
        """SCORES. Cost: engines start and end with each call, minutes; so few calls, of many pairs."""
        said: dict[int, Said] = {}
        rows: list[Row] = []
        for n, pair in enumerate(pairs.to_pylist()):
            try:
                rows.append(request_row(self.spec, n, pair, pictures))
            except BadPair as bad:
                said[n] = bad
        said.update(answers(self.spec, self._ran(rows) if rows else []))
        lost = BadPair(FAILED, "Ray Data gave no row back for it")
        return score_rows(pairs, [said.get(n, lost) for n in range(len(pairs))])

    def tokens(self, pairs: pa.Table, sizes: Sizes) -> int:
        """As `Judge.tokens`."""
        return prompt_tokens(self.spec, pairs, sizes)

    def _ran(self, rows: list[Row]) -> Iterable[Row]:
        import ray
        from ray.data.llm import build_processor

        processor = build_processor(engine(self.spec), preprocess=partial(asked, self.spec), postprocess=answered)
        return processor(ray.data.from_items(rows)).iter_rows()


def engine(spec: JudgeSpec) -> Any:  # noqa: ANN401  # ray's own class
    """The configuration of the engines.

    A row that fails becomes an error row: one over-long prompt has ended whole runs (ray#59194).
    """
    from ray.data.llm import vLLMEngineProcessorConfig

    ours = {
        "max_model_len": spec.engine.max_model_len,
        "tensor_parallel_size": spec.engine.tensor_parallel,
        "dtype": spec.gpu_dtype,
        "max_logprobs": spec.server.top_logprobs,
        "trust_remote_code": spec.trust_remote_code,
        "load_format": "safetensors",
        "generation_config": "vllm",  # not the model's own: it may bring a repetition penalty
        "logprobs_mode": "raw_logprobs",
    }
    return vLLMEngineProcessorConfig(
        model_source=spec.path or spec.model,
        engine_kwargs=ours | ({"revision": spec.revision} if spec.revision else {}) | spec.engine.extra,
        batch_size=spec.engine.batch_size,
        concurrency=spec.engine.replicas,
        should_continue_on_error=True,
        # "string" would take the pictures out of their places and put them all in front
        prepare_multimodal_stage={"enabled": True, "chat_template_content_format": "openai"},
        chat_template_stage={"enabled": True},
        detokenize_stage={"enabled": True},
    )


def request_row(spec: JudgeSpec, number: int, pair: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Row:
    """A row of the pipeline: the pair's number and its messages as JSON, for Arrow would give all parts the same keys.

    Raises:
        BadPair: as `question.turns`.
    """
    messages = as_messages(turns(spec, pair, pictures), lambda pixels: picture_part(pixels, spec.server.pictures))
    return {"number": number, "asked": json.dumps(messages)}


def asked(spec: JudgeSpec, row: Row) -> Row:
    """What the engine is given of a row (`preprocess`): one token, every penalty off."""
    plain = {"max_tokens": 1, "temperature": 1.0, "top_p": 1.0, "top_k": -1, "repetition_penalty": 1.0}
    params = plain | {"logprobs": spec.server.top_logprobs}
    return {"number": row["number"], "messages": json.loads(row["asked"]), "sampling_params": params}


def answered(row: Row) -> Row:
    """What is kept of an engine's answer (`postprocess`): number, top tokens and their log probabilities."""
    logprobs = row.get("logprobs")
    first = logprobs[0] if logprobs is not None and len(logprobs) else {}
    top = [one for one in first.values() if one is not None]  # Arrow fills up the tokens of other rows
    return {
        "number": row["number"],
        "tokens": [str(one["decoded_token"]) for one in top],
        "logprobs": [float(one["logprob"]) for one in top],
    }


def answers(spec: JudgeSpec, rows: Iterable[Row]) -> dict[int, Said]:
    """Number of a pair -> score, or why there is none."""
    found: dict[int, Said] = {}
    for row in rows:
        try:
            if row.get(ERROR):
                raise BadPair(FAILED, str(row[ERROR]))
            top = list(zip(row["tokens"], row["logprobs"], strict=True))
            if not top:
                raise BadPair(UNREADABLE, "no log probabilities came back")
            found[row["number"]] = score_of_top(top, spec.server.top_logprobs, spec.server.tolerance, spec.question)
        except BadPair as bad:
            found[row["number"]] = bad
    return found
