"""The input of an engine and the parsing of its answers; no engine runs here."""

import json
import math

import pyarrow as pa
import pytest

from pipelines.judge.backends.chat_completion import request
from pipelines.judge.backends.vllm import ERROR, EngineJudge, engine, engine_input, parse_answers, request_row, top_tokens
from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import load_spec
from pipelines.judge.prompt.question import turns
from pipelines.media.decode import BadPicture
from schemas.errors import SettingsError
from tests.support.judge_pairs import mixed

pytestmark = pytest.mark.slow

SPEC = load_spec("content", ["backend=vllm"])


def test_an_engine_gets_the_messages_of_a_server():
    table, pictures = mixed(4)
    for n, pair in enumerate(table.to_pylist()):
        row = engine_input(SPEC, pa.Table.from_pylist([request_row(SPEC, n, pair, pictures)]).to_pylist()[0])  # through Arrow
        assert row["messages"] == request(SPEC, turns(SPEC, pair, pictures))["messages"]
        assert all(isinstance(m["content"], list) for m in row["messages"])  # ray#56125
        assert row["sampling_params"] == {
            "max_tokens": 1, "temperature": 1.0, "top_p": 1.0, "top_k": -1, "repetition_penalty": 1.0, "logprobs": 20,
        }  # fmt: skip
        json.dumps(row)


def test_ray_accepts_the_configuration():
    config = engine(load_spec("content", ["backend=vllm", "engine.replicas=2", "engine.tensor_parallel=4"]))
    assert config.model_source == "Qwen/Qwen3-VL-8B-Instruct"
    assert config.should_continue_on_error
    assert config.prepare_multimodal_stage["chat_template_content_format"] == "openai"  # pictures stay in their places
    assert config.engine_kwargs["tensor_parallel_size"] == 4 and config.concurrency == 2
    assert config.engine_kwargs["generation_config"] == "vllm" and config.engine_kwargs["max_logprobs"] == 20
    assert not config.engine_kwargs["trust_remote_code"]


def engine_row(number, **p):
    top = {**p, **{f"w{n}": 1e-7 for n in range(20 - len(p))}}
    logprobs = {100 + k: {"logprob": math.log(v), "rank": k, "decoded_token": t} for k, (t, v) in enumerate(top.items())}
    return {"number": number, "logprobs": [logprobs], "generated_text": "yes"}


def test_parses_scores_and_errors_and_reports_missing_rows(monkeypatch):
    table, pictures = mixed(6)
    broken = pictures | {i: BadPicture("truncated", "x") for i in table.to_pylist()[5]["candidate"]["image_ids"]}
    engine_rows = [engine_row(3, yes=0.3, no=0.6), engine_row(0, yes=0.6, no=0.2), {"number": 1, "logprobs": None}]
    numbers = []

    def run(self, rows):
        numbers.extend(r["number"] for r in rows)
        return [
            *(top_tokens(r) for r in engine_rows),
            {"number": 2, ERROR: "VLLMValidationError: too long"},
            top_tokens(engine_row(4, yes=0.9)),
        ]

    monkeypatch.setattr(EngineJudge, "_run", run)
    monkeypatch.setattr("pipelines.judge.backends.vllm.judge_model", lambda spec: "m")
    scores = EngineJudge(SPEC)(table, broken).to_pylist()
    assert 5 not in numbers
    refused = {n for n, r in enumerate(scores) if r["reason"] == "truncated"}
    expected = {
        0: 0.75,
        1: "server's answer not understood",
        2: "model failed",
        3: 1 / 3,
        4: "yes or no not among the top tokens",
    }
    for n, value in expected.items():
        if n not in refused:
            assert (scores[n]["reason"] or pytest.approx(scores[n]["score"], abs=1e-6)) == value
    assert 5 in refused


def test_no_rows_give_no_outcomes():
    assert parse_answers(SPEC, []) == {}


def test_arrows_nulls_for_tokens_of_other_rows_are_ignored():
    row = engine_row(0, yes=0.6, no=0.2)
    row["logprobs"][0] |= {999: None}
    assert len(top_tokens(row)["tokens"]) == 20


def test_without_vllm_the_error_names_the_install_command():
    with pytest.raises(SettingsError, match=r"judge\.backend 'vllm' needs vllm: pip install vllm"):
        LoadJudge(SPEC)()
