import pickle
from dataclasses import replace

import pytest

from pipelines.judge.backends.mined_content import MinedContent
from pipelines.judge.load_judge import LoadJudge, name_of
from pipelines.judge.preset import PRESETS, load_spec, prompt_hash
from schemas.errors import SettingsError
from schemas.item import TASKS
from tests.support.judge_pairs import item, pairs


def test_a_loader_can_be_sent_to_another_process():
    load = pickle.loads(pickle.dumps(LoadJudge(load_spec("overlap"), content=MinedContent(families={"a": 1, "b": 1}))))
    judge = load()
    assert judge(pairs(("image_to_image", item("image", "n", ["a"]), item("image", "m", ["b"]))), {})["score"].to_pylist() == [
        1.0
    ]
    assert (judge.model, judge.prompt_hash) == name_of(load.spec)


@pytest.mark.parametrize("name", sorted(p.stem for p in PRESETS.glob("*.toml")))
def test_every_preset_is_valid(name):
    spec = load_spec(name)
    assert set(spec.question.relevant) <= {*TASKS, "default"}
    assert spec.checked


def test_presets_have_different_questions():
    assert len({prompt_hash(load_spec(p.stem).question) for p in PRESETS.glob("*.toml")}) == len(list(PRESETS.glob("*.toml")))


def test_an_unknown_preset_is_an_error_with_all_names():
    with pytest.raises(SettingsError, match=r"judge\.name 'gpt': no file .*presets are \['content', 'lamra', 'overlap'"):
        load_spec("gpt")


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ('question.user="{query_text}\\n{query_text}"', "has {query_text} 2 times.*lacks {query_pictures}"),
        ('question.user="{secret}"', "has {secret}, expected one of"),
        (
            'question.user="say: {query_text} {query_pictures} {candidate_pictures} {candidate_text}"',
            "{query_text} must be alone",
        ),
        ("question.yes=No", "question.yes and question.no are both 'No'"),
        ('model=""', "model is empty"),
        ("question.colour=red", "unknown .*colour"),
    ],
)
def test_faults_of_a_question_are_reported_at_the_start(assignment, message):
    with pytest.raises(SettingsError, match=message):
        load_spec("content", [assignment])


def test_an_unknown_task_is_a_fault(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text((PRESETS / "content.toml").read_text().replace("image_to_text =", "video_to_text ="))
    with pytest.raises(SettingsError, match="video_to_text"):
        load_spec(str(file))


def test_missing_weights_are_an_error_with_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match=r"judge\.path .*nowhere: no such folder"):
        LoadJudge(load_spec("content", path=str(tmp_path / "nowhere")))()


def test_without_a_network_the_error_names_the_download(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    spec = replace(load_spec("content"), model="nobody/judge")
    with pytest.raises(SettingsError, match=r"hf download nobody/judge .*judge\.path=DIR, or use judge\.name=overlap"):
        LoadJudge(spec)()


def test_a_missing_gpu_is_an_error(tiny):
    with pytest.raises(SettingsError, match="finds none"):
        LoadJudge(load_spec("content", path=str(tiny)), gpu=True)()


def test_missing_packages_are_named(monkeypatch, tiny):
    from pipelines.judge import load_judge as load

    find_spec = load.find_spec
    monkeypatch.setattr(load, "find_spec", lambda name: None if name == "torchvision" else find_spec(name))
    with pytest.raises(SettingsError, match=r"needs torchvision: pip install -r requirements/models\.txt"):
        LoadJudge(load_spec("content", path=str(tiny)))()
