"""The judge and the describer against servers of other projects: llama.cpp's and `transformers serve`."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from pipelines.annotate.picture_pixels import as_jpeg
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.server_describer import ServerDescriber
from pipelines.annotate.settings import Describe
from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import load_spec
from pipelines.models.openai_client import Server
from schemas.errors import SettingsError
from tests.support.judge_pairs import mixed, picture
from tests.support.real_servers import llama_cpp, transformers_serve
from tests.support.tiny_gguf import save_eyes, save_text_model
from tests.support.tiny_judge import save_tiny_judge

SERVING = ("fastapi", "uvicorn", "openai", "starlette")
needs_llama = pytest.mark.skipif(
    not (find_spec("xllamacpp") and find_spec("gguf")), reason="xllamacpp and gguf: requirements/dev.txt"
)
needs_serve = pytest.mark.skipif(not all(map(find_spec, SERVING)), reason=f"{', '.join(SERVING)}: requirements/dev.txt")
pytestmark = [pytest.mark.slow, pytest.mark.nightly]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def ggufs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    return save_text_model(folder / "tiny.gguf"), save_eyes(folder / "eyes.gguf")


@pytest.fixture(scope="module")
def with_projector(ggufs):
    with llama_cpp(*ggufs) as url:
        yield url


@pytest.fixture(scope="module")
def without_projector(ggufs):
    with llama_cpp(ggufs[0]) as url:
        yield url


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = save_tiny_judge(tmp_path_factory.mktemp("model") / "tiny")
    with transformers_serve(folder, tmp_path_factory.mktemp("no_cache")) as url:
        yield url, str(folder)


def judge(url, model, *more):
    sets = [
        "backend=openai",
        f"model={model}",
        f"server.url={url}",
        "server.timeout_s=120",
        "server.backoff_s=0.01",
        "longest_side=64",
        *more,
    ]
    return LoadJudge(load_spec("content", sets))()


def describer(url, model):
    return ServerDescriber(
        Describe(name="server", model=model, max_new_tokens=4, side=64, server=Server(url=url, timeout_s=120, backoff_s=0.01))
    )


@needs_llama
def test_llama_cpp_with_a_projector_judges_pairs_by_their_pictures(with_projector):
    one = judge(with_projector, "tiny.gguf")
    assert one.probe() is None
    table, pictures = mixed(8)
    scores = one(table, pictures)
    assert scores["reason"].to_pylist() == [None] * 8
    others = one(table, {name: picture(99 + n) for n, name in enumerate(pictures)})
    change = np.abs(np.array(scores["score"].to_pylist()) - np.array(others["score"].to_pylist()))
    assert np.ptp(scores["score"].to_pylist()) > 1e-3 and np.median(change) > 1e-4
    assert one.spending().tokens > 8 * 50


@needs_llama
def test_llama_cpp_without_a_projector_ends_the_run_with_its_message(without_projector):
    """It returns 500, like an overloaded server: each pair was sent five times, with waits."""
    with pytest.raises(
        SettingsError, match=r"500.*image input is not supported.*mmproj.*answers the same request without pictures"
    ):
        judge(without_projector, "tiny.gguf").probe()


@needs_llama
def test_llama_cpp_names_the_model_that_it_serves(without_projector):
    with pytest.raises(SettingsError, match=r"judge\.model 'other'.*serves \['tiny\.gguf'\]"):
        judge(without_projector, "other")


@needs_llama
def test_descriptions_by_llama_cpp(with_projector, without_projector):
    pictures = [NotePicture(content=as_jpeg(picture(n))) for n in range(3)]
    assert describer(with_projector, "tiny.gguf").probe() is None
    assert all(answer.text for answer in describer(with_projector, "tiny.gguf")(pictures))
    with pytest.raises(SettingsError, match=r"describe\.server\.url.*500.*image input is not supported"):
        describer(without_projector, "tiny.gguf").probe()


@needs_serve
def test_transformers_serve_ends_the_run_since_it_has_no_log_probabilities(served):
    """It lists no models without a cache of the hub (500), refuses fields by 422, and leaves log probabilities out."""
    url, folder = served
    with pytest.raises(SettingsError, match=r"422.*Unexpected fields.*leave_out=\[.*\"repetition_penalty\"") as fault:
        judge(url, folder).probe()
    assert "top_k" in str(fault.value)
    with pytest.raises(SettingsError, match=r"the answer has no log probabilities.*vLLM, SGLang or llama"):
        judge(url, folder, 'server.leave_out=["top_k", "repetition_penalty"]').probe()


@needs_serve
def test_descriptions_by_transformers_serve(served):
    one = describer(*served)
    assert one.probe() is None
    [answer] = one([NotePicture(content=as_jpeg(picture(1)))])
    assert answer.text or answer.reason == "empty description"


@needs_serve
def test_a_model_that_transformers_serve_lacks_ends_the_run(served):
    url, _ = served
    with pytest.raises(SettingsError):
        judge(url, "no/such", 'server.leave_out=["top_k", "repetition_penalty"]').probe()


def test_left_out_fields_are_not_in_the_request():
    spec = load_spec("content", ["backend=openai", "model=m", 'server.leave_out=["n"]'])
    assert replace(spec.server).leave_out == ("n",)
