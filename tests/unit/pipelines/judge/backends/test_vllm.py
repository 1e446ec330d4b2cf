"""What goes to an engine and what is read of it; no engine runs here."""

import json
import math

import pyarrow as pa
import pytest

from pipelines.judge.backends.chat_completion import request
from pipelines.judge.backends.vllm import ERROR, EngineJudge, answered, answers, asked, engine, request_row
from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import load_spec
from pipelines.judge.prompt.question import turns
from pipelines.media.decode import BadPicture
from schemas.errors import SettingsError
from tests.support.judge_pairs import mixed

SPEC = load_spec("content", ["backend=vllm"])


def test_an_engine_is_asked_what_a_server_is_asked():
    table, pictures = mixed(4)
    for n, pair in enumerate(table.to_pylist()):
        row = asked(SPEC, pa.Table.from_pylist([request_row(SPEC, n, pair, pictures)]).to_pylist()[0])  # through Arrow
        assert row["messages"] == request(SPEC, turns(SPEC, pair, pictures))["messages"]
        assert all(isinstance(m["content"], list) for m in row["messages"])  # ray#56125
        assert row["sampling_params"] == {
            "max_tokens": 1, "temperature": 1.0, "top_p": 1.0, "top_k": -1, "repetition_penalty": 1.0, "logprobs": 20,
        }  # fmt: skip
        json.dumps(row)


def test_the_configuration_is_one_that_ray_takes():
    told = engine(load_spec("content", ["backend=vllm", "engine.replicas=2", "engine.tensor_parallel=4"]))
    assert told.model_source == "Qwen/Qwen3-VL-8B-Instruct"
    assert told.should_continue_on_error
    assert told.prepare_multimodal_stage["chat_template_content_format"] == "openai"  # pictures stay in their places
    assert told.engine_kwargs["tensor_parallel_size"] == 4 and told.concurrency == 2
    assert told.engine_kwargs["generation_config"] == "vllm" and told.engine_kwargs["max_logprobs"] == 20
    assert not told.engine_kwargs["trust_remote_code"]


def engine_row(number, **p):
    top = {**p, **{f"w{n}": 1e-7 for n in range(20 - len(p))}}
    logprobs = {100 + k: {"logprob": math.log(v), "rank": k, "decoded_token": t} for k, (t, v) in enumerate(top.items())}
    return {"number": number, "logprobs": [logprobs], "generated_text": "yes"}


def test_reads_scores_errors_and_what_never_came_back(monkeypatch):
    table, pictures = mixed(6)
    broken = pictures | {i: BadPicture("truncated", "x") for i in table.to_pylist()[5]["candidate"]["image_ids"]}
    said = [engine_row(3, yes=0.3, no=0.6), engine_row(0, yes=0.6, no=0.2), {"number": 1, "logprobs": None}]
    seen = []

    def ran(self, rows):
        seen.extend(r["number"] for r in rows)
        return [
            *(answered(r) for r in said),
            {"number": 2, ERROR: "VLLMValidationError: too long"},
            answered(engine_row(4, yes=0.9)),
        ]

    monkeypatch.setattr(EngineJudge, "_ran", ran)
    monkeypatch.setattr("pipelines.judge.backends.vllm.named", lambda spec: "m")
    found = EngineJudge(SPEC)(table, broken).to_pylist()
    assert 5 not in seen
    refused = {n for n, r in enumerate(found) if r["reason"] == "truncated"}
    wanted = {
        0: 0.75,
        1: "server's answer not understood",
        2: "model failed",
        3: 1 / 3,
        4: "yes or no not among the top tokens",
    }
    for n, value in wanted.items():
        if n not in refused:
            assert (found[n]["reason"] or pytest.approx(found[n]["score"], abs=1e-6)) == value
    assert 5 in refused


def test_a_row_that_is_lost_is_told():
    assert answers(SPEC, []) == {}


def test_arrows_nulls_of_other_rows_tokens_are_no_tokens():
    row = engine_row(0, yes=0.6, no=0.2)
    row["logprobs"][0] |= {999: None}
    assert len(answered(row)["tokens"]) == 20


def test_without_vllm_the_start_says_what_to_install():
    with pytest.raises(SettingsError, match=r"judge\.backend 'vllm' needs vllm: pip install vllm"):
        LoadJudge(SPEC)()
