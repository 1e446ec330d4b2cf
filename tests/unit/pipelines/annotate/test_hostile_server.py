"""A describer's server that is broken or hostile: as tests/unit/pipelines/judge/test_hostile_server.py for judges."""

import json

import numpy as np
import pyarrow as pa
import pytest

from pipelines.annotate.annotate_chunk import DescribeChunk
from pipelines.annotate.picture_pixels import as_jpeg
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.server_describer import EMPTY, UNREADABLE, ServerDescriber
from pipelines.annotate.settings import Describe
from pipelines.models.openai_client import Server
from schemas.errors import DataError, SettingsError
from tests.support.hostile_server import talking

KEY = "sk-very-secret-0123456789"
PICTURE = as_jpeg(np.zeros((20, 20, 3), np.uint8))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def describer(url, **options):
    server = Server(url=url, **{"retries": 0, "timeout_s": 60.0, "backoff_s": 0.001} | options)
    return ServerDescriber(Describe(name="server", model="m", side=64, server=server), KEY)


def answered(text, used=None):
    usage = {"usage": {"prompt_tokens": used}} if used else {}
    return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]} | usage).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"[" * 200_000, UNREADABLE), (b"[" * 3_000_000, UNREADABLE), (b'{"choices": NaN}', UNREADABLE), (b"\xff\xfe", UNREADABLE), (b'{"choices": {"0": 1}}', UNREADABLE),
     (answered(" "), EMPTY), (answered({"a": 1}), EMPTY), (answered(7), EMPTY), (f"<html>{'x' * 1995}{KEY}".encode(), UNREADABLE)],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_an_invalid_answer_fails_only_its_picture(body, reason):
    with talking(lambda talk: talk.send(body)) as (url, _):
        [answer] = describer(url)([NotePicture(content=PICTURE)])
    assert (answer.text, answer.reason) == (None, reason)
    assert answer.detail.isprintable() and len(answer.detail) <= 300 and "sk-very" not in answer.detail


def test_a_description_has_neither_the_key_nor_half_a_surrogate_pair():
    with talking(lambda talk: talk.send(answered("a mug").replace(b"a mug", b"a \\ud800 mug " + talk.key))) as (url, _):
        [answer] = describer(url)([NotePicture(content=PICTURE)])
    assert answer.text == "a ? mug Bearer ***"
    assert pa.array([answer.text]).to_pylist() == [answer.text]


@pytest.mark.parametrize(("status", "words"), [("500 x", "image input is not supported"), ("422 x", "no images here")])
def test_a_server_without_picture_input_ends_the_run_with_its_message(status, words):
    def play(talk):
        talk.send(words.encode() + talk.key, status) if b"image_url" in talk.asked else talk.send(answered("a mug"))

    with talking(play) as (url, asked):
        with pytest.raises(
            SettingsError, match=rf"describe\.server\.url '{url}'.*{words}.*answers the same request without pictures"
        ) as fault:
            describer(url, retries=5).probe()
        assert len(asked) <= 5 and "sk-very" not in str(fault.value)


@pytest.mark.parametrize(
    ("status", "match"),
    [
        ("401 x", "OPENAI_API_KEY"),
        ("404 x", "describe.model"),
        ("503 x", "3 attempts.*503"),
        ("200 x", "JSONDecodeError: sorry"),
    ],
)
def test_a_server_that_fails_the_probe_ends_the_run(status, match):
    with talking(lambda talk: talk.send(b"sorry", status)) as (url, _), pytest.raises(SettingsError, match=match):
        describer(url, retries=2).probe()


def test_a_refused_field_is_named():
    def play(talk):
        talk.send(b"temperature: only 1", "400 x") if b"temperature" in talk.asked else talk.send(answered("a mug"))

    with (
        talking(play) as (url, _),
        pytest.raises(SettingsError, match="temperature: only 1.*only without temperature, which descriptions need"),
    ):
        describer(url).probe()


def test_a_good_server_passes_and_one_that_ignores_the_picture_gives_a_warning():
    with talking(lambda talk: talk.send(answered("a mug", 50 if b"image_url" in talk.asked else 20))) as (url, asked):
        assert describer(url).probe() is None and len(asked) == 2
    with talking(lambda talk: talk.send(answered("a mug", 20))) as (url, _):
        assert "counts as many prompt tokens with a picture as without" in describer(url).probe()


def rows(count):
    return pa.table({name: ["x"] * count for name in ("image_id", "note_id", "sha256", "uri")})


def test_a_run_ends_if_no_first_picture_is_described_or_the_server_goes_away():
    bodies = [answered("a mug")] + [b"no"] * 4
    with talking(lambda talk: talk.send(bodies.pop())) as (url, _):
        chunk = DescribeChunk(describer(url))
        with pytest.raises(
            DataError,
            match=r"none of the first 4 pictures has a description: .*not understood \(4\), such as: JSONDecodeError: no",
        ):
            chunk(rows(4), [PICTURE] * 4)
    with talking(lambda talk: talk.send(answered("a mug"))) as (url, _):
        chunk = DescribeChunk(describer(url, timeout_s=5))
        assert chunk(rows(4), [PICTURE] * 4)["text"].to_pylist() == ["a mug"] * 4
    with pytest.raises(DataError, match=r"none of the last 4 pictures has a description: server unavailable"):
        chunk(rows(4), [PICTURE] * 4)
