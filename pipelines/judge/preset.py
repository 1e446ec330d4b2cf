"""A judge's preset: backend, model and question. Files: conf/judges/NAME.toml."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from pipelines.models.openai_client import Server
from schemas.errors import SettingsError
from schemas.item import TASKS
from schemas.preset import load_preset, preset_file
from schemas.settings import Place

PRESETS = Path(__file__).resolve().parents[2] / "conf" / "judges"
"""The folder of the presets."""
PROMPT_VERSION = 1
"""Version of the code that writes prompts (`prompt/question`, `prompt/text_fence`): increase it when prompts change, so that
their hash changes."""

PLACEHOLDERS = ("relevant", "query_pictures", "query_text", "candidate_pictures", "candidate_text")
"""Names in braces that a question's `user` turn has."""
OPTIONAL = ("relevant",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The prompt for one pair."""

    system: str = ""
    """The system message; empty: none."""
    user: str = ""
    """The user message, with {query_pictures}, {query_text}, {candidate_pictures} and {candidate_text} once each, and
    optionally {relevant}. A text is put on lines of its own, each after a mark (`text_fence.fenced`)."""
    picture: str = ""
    """Text before each picture; {role} is query or candidate, {number} counts from 1."""
    nothing: str = "(none)"
    """Text for an item without a picture, or without text."""
    relevant: dict[str, str] = field(default_factory=dict)
    """The text for {relevant}, by task; `default` for all other tasks."""
    yes: str = "yes"
    """The word for relevant."""
    no: str = "no"
    """The word for not relevant."""
    spellings: Literal["all", "exact"] = "all"
    """all: every token that is the word except for case and spaces; exact: one token, for models that were trained on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeServer(Server):
    """The server of a judge, its requests and its budget."""

    key_variable: str = "OPENAI_API_KEY"
    """The environment variable with the API key; if it is not set, no key is sent."""
    top_logprobs: Annotated[int, Field(ge=2)] = 20
    """Number of top tokens to request. vLLM returns at most 20 unless it was started with --max-logprobs."""
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.005
    """Largest change of a score by spellings of yes and no outside the top tokens; beyond it the pair gets no score."""
    max_requests: Annotated[int, Field(ge=1)] | None = None
    """Most requests per run, including retries; None: no limit."""
    max_cost: Annotated[float, Field(gt=0)] | None = None
    """Highest cost per run, in the currency of the prices; None: no limit."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million prompt tokens."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million output tokens; an answer is one token."""
    pictures: Literal["png", "jpeg"] = "png"
    """Format of the pictures in requests. jpeg is a tenth of the bytes, and scores differ from the transformers backend's."""
    extra: dict[str, Any] = field(default_factory=lambda: {"repetition_penalty": 1.0, "top_k": -1})
    """Additional fields of a request. These two override what vLLM and SGLang take from a model's generation_config;
    OpenAI's own API rejects unknown fields: set `{}` there."""
    leave_out: tuple[str, ...] = ()
    """Fields to leave out of requests, such as "presence_penalty", for a server that rejects them and has the same default.
    The probe before a run names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmEngine:
    """vLLM inside Ray Data."""

    replicas: Annotated[int, Field(ge=1)] = 1
    """Number of engines, each on its own GPUs."""
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    """GPUs per engine."""
    batch_size: Annotated[int, Field(ge=1)] = 64
    """Pairs per batch of an engine."""
    max_model_len: Annotated[int, Field(ge=256)] = 16_384
    """Longest prompt, tokens; a pair with a longer one gets no score."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Additional engine arguments, such as gpu_memory_utilization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentOverlap:
    """Settings of the judge without a model."""

    RENAMED: ClassVar[Mapping[str, str]] = {"least_letters": "min_letters", "least_standing": "min_ngram_overlap"}

    letters_per_picture: Annotated[float, Field(gt=0)] = 100.0
    """Letters and digits that weigh as much as one picture; a Chinese character counts as three. Chosen by us."""
    same_note: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """note_to_note: score of two parts of one note that share no content, so that they rank before unrelated notes."""
    min_letters: Annotated[float, Field(ge=0)] = 12.0
    """Least letters of a text (twelve letters, four Chinese characters) that is searched in another note: a "D" that OCR has
    read is in every note. Chosen by us."""
    min_ngram_overlap: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Least share of a mined passage's n-grams that an item must have to contain the passage; an item may be half of its note.
    As in the guard: a passage retyped with 8 % of its letters changed keeps about half of its n-grams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSpec:
    """Everything that decides a judge's scores except the weights."""

    backend: str
    """A key of BACKENDS in judge/load_judge.py. overlap: no model; transformers: a model in this process; openai: a server;
    vllm: inside Ray Data, on GPUs."""
    model: str = ""
    """A hub id, or the model's name on the server."""
    revision: str | None = None
    """Commit on the hub; None: the newest."""
    path: Place | None = None
    """A local folder with the model; nothing is downloaded then."""
    trust_remote_code: bool = False
    """Run code that comes with the model."""
    question: Question = field(default_factory=Question)
    longest_side: Annotated[int, Field(ge=32)] = 1280
    """Longest side of a decoded picture, pixels."""
    item_pixels: Annotated[int, Field(ge=1024)] = 2_000_000
    """Most pixels of all pictures of an item together; beyond it all of them are reduced by the same factor."""
    item_chars: Annotated[int, Field(ge=1)] = 6000
    """Longest text of an item, characters; a longer one is cut, with a mark."""
    pixels_per_token: Annotated[float, Field(gt=0)] = 1024.0
    """For the token estimate: 32 x 32 for Qwen3-VL; Qwen2.5-VL has 28 x 28."""
    min_pixels: Annotated[int, Field(ge=0)] = 0
    """transformers: least pixels of a picture; a smaller one is enlarged. 0: the processor's own."""
    max_pixels: Annotated[int, Field(ge=0)] = 0
    """transformers: most pixels of a picture; a larger one is reduced. 0: the processor's own."""
    gpu_dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """Type of the weights on a GPU; on a CPU it is always float32. The logits are float32 everywhere."""
    batch_pairs: Annotated[int, Field(ge=1)] = 16
    """transformers: most pairs per batch."""
    batch_tokens: Annotated[int, Field(ge=1)] = 32_768
    """transformers: most tokens of a padded batch, pairs times the longest."""
    server: JudgeServer = field(default_factory=JudgeServer)
    engine: VllmEngine = field(default_factory=VllmEngine)
    overlap: ContentOverlap = field(default_factory=ContentOverlap)
    source: dict[str, str] = field(default_factory=dict)
    """The source of each value."""
    checked: str = ""
    """What was run with this preset, on which model; or why nothing was."""


def load_spec(name: str, assignments: Sequence[str] = (), path: str | None = None) -> JudgeSpec:
    """A preset by its name, or any TOML file by its path.

    Args:
        name: a preset's name such as "overlap", or a path that ends in .toml.
        assignments: `key=value` strings that override the file's.
        path: a local folder of the weights; overrides the file's.

    Raises:
        SettingsError: there is no such preset (with a list of all), or it has errors.
    """
    spec = load_preset(JudgeSpec, PRESETS, name, assignments, path, setting="judge.name")
    if spec.question.user:
        _check(spec, preset_file(PRESETS, name))
    return spec


def prompt_hash(question: Question) -> str:
    """16 hex digits of the question without the items."""
    prompt = {"writing": PROMPT_VERSION, **dataclasses.asdict(question)}
    return hashlib.sha256(json.dumps(prompt, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _check(spec: JudgeSpec, file: Path) -> None:
    """Check what types cannot express, and report all faults together."""
    question = spec.question
    names = re.findall(r"\{(\w+)\}", question.user)
    faults = [f"question.user has {{{p}}} {names.count(p)} times, expected once" for p in PLACEHOLDERS if names.count(p) > 1]
    faults += [f"question.user lacks {{{p}}}" for p in PLACEHOLDERS if p not in names and p not in OPTIONAL]
    faults += [f"question.user has {{{p}}}, expected one of {PLACEHOLDERS}" for p in sorted(set(names) - set(PLACEHOLDERS))]
    lines = question.user.splitlines()
    faults += [f"{{{p}}} must be alone on its line" for p in PLACEHOLDERS if p.endswith("text") and f"{{{p}}}" not in lines]
    unknown = sorted(set(question.relevant) - set(TASKS) - {"default"})
    faults += [f"question.relevant has {unknown}, expected default or one of {TASKS}"] if unknown else []
    if "relevant" in names and "default" not in question.relevant:
        faults += [f"question.relevant lacks {t}" for t in TASKS if t not in question.relevant]
    faults += [] if spec.model or spec.path else ["model is empty: set a hub id, a model of the server, or path"]
    if question.yes.casefold() == question.no.casefold():
        faults.append(f"question.yes and question.no are both '{question.yes}'")
    if faults:
        raise SettingsError(f"{file}: {'; '.join(faults)}")
