"""The probe before a run, against servers that cannot judge, over real HTTP."""

import json

import pytest

from pipelines.judge.load_judge import LoadJudge
from pipelines.judge.preset import PRESETS, load_spec
from schemas.errors import SettingsError
from tests.support.hostile_server import completion, talking

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def probed(url, *more):
    sets = ["backend=openai", "model=tiny", f"server.url={url}", "server.backoff_s=0.001", "server.timeout_s=60", *more]
    judge = LoadJudge(load_spec("content", sets))()
    judge.warning = judge.probe()
    return judge


def has_picture(talk):
    return b"image_url" in talk.asked


def answering(rule):
    """`rule(fields)` returns the error of a request: (status, message), or None if it is answered."""

    def play(talk):
        fields = json.loads(talk.asked)
        wrong = rule(fields, has_picture(talk))
        if wrong:
            talk.send(json.dumps({"detail": wrong[1]}).encode(), f"{wrong[0]} x")
        else:
            count = fields.get("top_logprobs", 0)
            usage = json.dumps({"prompt_tokens": 90 if has_picture(talk) else 60})
            talk.send((completion(count, usage) if count else '{"choices": [{"message": {"content": "yes"}}]}').encode())
        return fields

    return talking(play)


def refusing(*names, status=422):
    def rule(fields, picture):
        unexpected = sorted(set(names) & set(fields))
        return (status, f"Unexpected fields: {unexpected}") if unexpected else None

    return rule


def test_a_server_that_can_judge_passes_with_two_requests():
    with answering(lambda fields, picture: None) as (url, results):
        judge = probed(url)
        assert len(results) == 2 == judge.spending().requests and judge.warning is None


@pytest.mark.parametrize("status", [400, 500, 503, 415])
def test_a_model_without_picture_input_is_reported_with_the_servers_message(status):
    """llama.cpp says 500, which was taken for busy: each pair was sent five times, for hours."""
    words = "image input is not supported - hint: you may need to provide the mmproj"
    with answering(lambda fields, picture: (status, words) if picture else None) as (url, results):
        with pytest.raises(
            SettingsError, match=rf"{status}.*{words}.*the server answers the same request without pictures.*--mmproj"
        ):
            probed(url)
        assert len(results) <= 7


def test_a_silently_ignored_picture_is_detected_by_the_count_of_tokens():
    with talking(lambda talk: talk.send(completion(usage='{"prompt_tokens": 60}').encode())) as (url, _):
        assert "as many prompt tokens with pictures as without" in probed(url).warning


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize("names", [("repetition_penalty", "top_k"), ("n", "presence_penalty"), ("temperature",)])
def test_refused_fields_are_named_and_the_probe_passes_without_them(names, status):
    with answering(refusing(*names, status=status)) as (url, _):
        with pytest.raises(SettingsError, match=rf"{status}.*Unexpected fields.*set server\.leave_out=") as fault:
            probed(url)
        fields = json.loads(str(fault.value).split("leave_out=")[1].split(" (")[0])
        assert sorted(fields) == sorted(names)
        probed(url, f"server.leave_out={json.dumps(fields)}")


def test_refused_fields_and_pictures_are_both_reported():
    rule = lambda fields, picture: (422, "no such fields") if "top_k" in fields else (500, "no eyes") if picture else None  # noqa: E731
    with answering(rule) as (url, _), pytest.raises(SettingsError, match=r'leave_out=\["top_k"\].*and.*without pictures'):
        probed(url)


@pytest.mark.parametrize("most", [10, 5])
def test_too_many_top_tokens_are_reported_with_the_number_to_set(most):
    def rule(fields, picture):
        return (400, f"top_logprobs must be at most {most}") if fields.get("top_logprobs", 0) > most else None

    with answering(rule) as (url, _), pytest.raises(SettingsError, match=rf"at most {most}.*set server\.top_logprobs={most}"):
        probed(url)


def test_fewer_top_tokens_than_requested_are_reported_and_then_it_passes():
    with (
        talking(lambda talk: talk.send(completion(min(json.loads(talk.asked)["top_logprobs"], 12)).encode())) as (url, _),
        pytest.raises(SettingsError, match=r"expected 20 top tokens, got 12; set server\.top_logprobs=12"),
    ):
        probed(url)
    rule = lambda fields, picture: None  # noqa: E731
    with answering(rule) as (url, _):
        probed(url, "server.top_logprobs=12")


@pytest.mark.parametrize(
    "body", ['{"choices": [{"message": {"content": "yes"}}]}', completion().replace("-2.5", "null", 1), "{}"]
)
def test_no_log_probabilities_end_the_run(body):
    with (
        talking(lambda talk: talk.send(body.encode())) as (url, _),
        pytest.raises(SettingsError, match=r"(?i)log probabilities.*vLLM"),
    ):
        probed(url)


def test_log_probabilities_that_are_refused_end_the_run():
    with (
        answering(refusing("logprobs")) as (url, _),
        pytest.raises(SettingsError, match=r"Unexpected fields.*only without log probabilities.*backend=\"transformers\""),
    ):
        probed(url)


@pytest.mark.parametrize("body", ["<html>hello", "[" * 200_000, '{"a": NaN}'])
def test_no_json_ends_the_run(body):
    with (
        talking(lambda talk: talk.send(body.encode())) as (url, _),
        pytest.raises(SettingsError, match="not JSON.*simpler requests fail as well"),
    ):
        probed(url)


def test_the_verdict_of_the_probe_does_not_matter():
    top = [{"token": f"w{n}", "logprob": -3.0 - n} for n in range(20)]
    body = json.dumps({"choices": [{"logprobs": {"content": [{"top_logprobs": top}]}}]})
    with talking(lambda talk: talk.send(body.encode())) as (url, _):
        probed(url)


@pytest.mark.parametrize("name", [p.stem for p in PRESETS.glob("*.toml") if p.stem != "overlap"])
def test_every_preset_has_a_probe(name):
    with answering(lambda fields, picture: None) as (url, _):
        spec = load_spec(name, ["backend=openai", "model=tiny", f"server.url={url}"])
        assert LoadJudge(spec)().probe() is None


def test_a_wrong_path_is_reported():
    with (
        talking(lambda talk: talk.send(b'{"error": "no such page"}', "404 x")) as (url, _),
        pytest.raises(SettingsError, match="404.*no such page"),
    ):
        probed(url)


def test_a_budget_holds_for_the_probe_too():
    with answering(refusing("n", "top_p")) as (url, results):
        with pytest.raises(SettingsError, match="422"):
            probed(url, "server.max_requests=3")
        assert len(results) == 3


def test_a_key_in_the_servers_message_is_removed():
    key = "sk-very-secret-0123456789"
    with talking(lambda talk: talk.send(b"no: " + talk.key, "400 x")) as (url, _):
        sets = ["backend=openai", "model=tiny", f"server.url={url}"]
        with pytest.raises(SettingsError, match=r"400 no: Bearer \*\*\*"):
            LoadJudge(load_spec("content", sets), api_key=key)().probe()


@pytest.mark.parametrize("page", ["404 x", "500 x", "501 x", "503 x", "307 x"])
def test_a_server_without_a_list_of_models_is_accepted(page):
    """`transformers serve` answers it with 500 where no cache of the hub is: it was taken for absent."""

    def play(talk):
        talk.send(completion().encode())

    with talking(play, models=page) as (url, _):
        probed(url)


def test_a_server_that_hangs_up_on_that_page_is_accepted_and_a_closed_port_is_not():
    with talking(lambda talk: talk.send(completion().encode()), models=None) as (url, _):
        probed(url)
    with pytest.raises(SettingsError, match="no server answers at this address"):
        probed(url)
