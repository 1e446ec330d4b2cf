"""A judge's preset: which backend and model, and how it is asked. Files: conf/judges/NAME.toml."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pipelines.models.openai_client import Server
from schemas.errors import SettingsError
from schemas.item import TASKS
from schemas.preset import load_preset, preset_file
from schemas.settings import Place

PRESETS = Path(__file__).resolve().parents[2] / "conf" / "judges"
"""The folder of the presets."""
WRITING = 1
"""Of fences and marks (`fence`, `question`): counted up when they change, so that the prompt hash does."""

Backend = Literal["overlap", "transformers", "openai", "vllm"]
PLACES = ("relevant", "query_pictures", "query_text", "candidate_pictures", "candidate_text")
"""What a question's `user` turn has put in, as {name}."""
OPTIONAL = ("relevant",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How a pair is put to a model."""

    system: str = ""
    """The system turn; empty: none."""
    user: str = ""
    """The user's turn. Has {query_pictures}, {query_text}, {candidate_pictures} and {candidate_text} once each, and may have
    {relevant}. A text stands on lines of its own, each behind a mark (`fence.fenced`)."""
    picture: str = ""
    """Stands before each picture; {role} is query or candidate, {number} counts from 1."""
    nothing: str = "(none)"
    """Stands where an item has no picture, or no text."""
    relevant: dict[str, str] = field(default_factory=dict)
    """By task, what is put in for {relevant}; `default` for tasks that are not named."""
    yes: str = "yes"
    """The word that says so."""
    no: str = "no"
    spellings: Literal["all", "exact"] = "all"
    """all: every token that is the word but for case and space; exact: the one token, for models that were trained on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Server):
    """How a server is asked, and what it may cost."""

    key_variable: str = "OPENAI_API_KEY"
    """The environment variable with the key; where it is not set, none is sent."""
    top_logprobs: Annotated[int, Field(ge=2)] = 20
    """Tokens whose probability is asked for. vLLM gives at most 20 unless it was started with --max-logprobs."""
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.005
    """Spellings of yes and no that are not among those tokens may move a score by at most this much, or the row is an error."""
    max_requests: Annotated[int, Field(ge=1)] | None = None
    """Requests of a run, retries too; None: no limit."""
    max_cost: Annotated[float, Field(gt=0)] | None = None
    """Of a run, in the currency of the prices; None: no limit."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Of a million prompt tokens."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Of a million tokens of answer; an answer is one."""
    pictures: Literal["png", "jpeg"] = "png"
    """How pictures are sent. jpeg is a tenth of the bytes, and moves scores away from those of the transformers backend."""
    extra: dict[str, Any] = field(default_factory=lambda: {"repetition_penalty": 1.0, "top_k": -1})
    """Further fields of a request. These two turn off what vLLM and SGLang take from a model's generation_config;
    OpenAI's own API refuses fields that it does not know: set `{}` there."""
    leave_out: tuple[str, ...] = ()
    """Fields of a request that are not sent, such as "presence_penalty", for a server that refuses them and has the same
    default. The probe before a run says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """vLLM inside Ray Data."""

    replicas: Annotated[int, Field(ge=1)] = 1
    """Engines, each on its own GPUs."""
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    """GPUs of an engine."""
    batch_size: Annotated[int, Field(ge=1)] = 64
    """Pairs that an engine is given at a time."""
    max_model_len: Annotated[int, Field(ge=256)] = 16_384
    """Tokens of the longest prompt; a longer one is an error row."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Further engine arguments, such as gpu_memory_utilization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Settings of the judge without a model."""

    letters_per_picture: Annotated[float, Field(gt=0)] = 100.0
    """So many letters and digits weigh as much as one picture; a Chinese character counts as three. Ours."""
    same_note: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """What two parts of one note have for that alone, in note_to_note: N_B after N_A, which shares nothing, is before noise."""
    least_letters: Annotated[float, Field(ge=0)] = 12.0
    """A text that weighs less (four Chinese characters, twelve letters) is not looked for in another note: a "D" that OCR has
    read stands in every one. Ours."""
    least_standing: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a mined passage's grams that an item has to have, for the item may be a half of its note. As the guard's: a
    passage retyped with 8 % of its letters changed keeps about half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSpec:
    """Everything that decides a judge's scores but the weights themselves."""

    backend: Backend
    """overlap: no model; transformers: a model in this process; openai: a server; vllm: inside Ray Data, on GPUs."""
    model: str = ""
    """A hub id, or the name that the server knows it by."""
    revision: str | None = None
    """The hub's commit; None: the newest."""
    path: Place | None = None
    """A local folder that stands for `model`; nothing is fetched then."""
    trust_remote_code: bool = False
    """Run code that comes with the model."""
    question: Question = field(default_factory=Question)
    longest_side: Annotated[int, Field(ge=32)] = 1280
    """Pixels; pictures are decoded to this."""
    item_pixels: Annotated[int, Field(ge=1024)] = 2_000_000
    """All pictures of an item together; more are shrunk alike, so that a note of many is seen whole and small."""
    item_chars: Annotated[int, Field(ge=1)] = 6000
    """Characters of an item's text; the rest is cut, and a mark says so."""
    pixels_per_token: Annotated[float, Field(gt=0)] = 1024.0
    """For the estimate of tokens: 32 x 32 of Qwen3-VL; Qwen2.5-VL has 28 x 28."""
    min_pixels: Annotated[int, Field(ge=0)] = 0
    """transformers: a smaller picture is enlarged; 0: as the processor has it. For a server, its own setting."""
    max_pixels: Annotated[int, Field(ge=0)] = 0
    """transformers: a larger picture is shrunk; 0: as the processor has it. For a server, its own setting."""
    gpu_dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """Of the weights on a GPU; on a processor it is always float32. The logits are float32 everywhere."""
    batch_pairs: Annotated[int, Field(ge=1)] = 16
    """transformers: pairs of a batch."""
    batch_tokens: Annotated[int, Field(ge=1)] = 32_768
    """transformers: tokens of a padded batch, pairs times the longest."""
    server: Asking = field(default_factory=Asking)
    engine: Engine = field(default_factory=Engine)
    overlap: Overlap = field(default_factory=Overlap)
    source: dict[str, str] = field(default_factory=dict)
    """Where each fact was read."""
    checked: str = ""
    """What was run of it here, on which model; or why nothing was."""


def load_spec(name: str, assignments: Sequence[str] = (), path: str | None = None) -> JudgeSpec:
    """A preset by its name, or any TOML file by its path.

    Args:
        name: "overlap" and the like, or a path that ends in .toml.
        assignments: `key=value` strings over the file's.
        path: a local folder of the weights, over the file's.

    Raises:
        SettingsError: no such preset (with all that there are), or a fault in it.
    """
    spec = load_preset(JudgeSpec, PRESETS, name, assignments, path, setting="judge.name")
    if spec.backend != "overlap":
        _check(spec, preset_file(PRESETS, name))
    return spec


def prompt_hash(question: Question) -> str:
    """16 hex digits of the question as it is asked, without the items."""
    asked = {"writing": WRITING, **dataclasses.asdict(question)}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _check(spec: JudgeSpec, file: Path) -> None:
    """What no type says of a question, all at once."""
    question = spec.question
    places = re.findall(r"\{(\w+)\}", question.user)
    faults = [f"question.user has {{{p}}} {places.count(p)} times, wanted once" for p in PLACES if places.count(p) > 1]
    faults += [f"question.user lacks {{{p}}}" for p in PLACES if p not in places and p not in OPTIONAL]
    faults += [f"question.user has {{{p}}}, known are {PLACES}" for p in sorted(set(places) - set(PLACES))]
    lines = question.user.splitlines()
    faults += [f"{{{p}}} must stand alone on its line" for p in PLACES if p.endswith("text") and f"{{{p}}}" not in lines]
    unknown = sorted(set(question.relevant) - set(TASKS) - {"default"})
    faults += [f"question.relevant has {unknown}, known are default and {TASKS}"] if unknown else []
    if "relevant" in places and "default" not in question.relevant:
        faults += [f"question.relevant lacks {t}" for t in TASKS if t not in question.relevant]
    faults += [] if spec.model or spec.path else ["model is empty: name a hub id, a server's model, or set path"]
    if question.yes.casefold() == question.no.casefold():
        faults.append(f"question.yes and question.no are both '{question.yes}'")
    if faults:
        raise SettingsError(f"{file}: {'; '.join(faults)}")
