"""Settings -> Judge. Only the backend that the preset names is imported.

A backend is a module with a function `load(context: JudgeContext) -> Judge`, a row of BACKENDS and a case of `LoadJudge`.
To add one: docs/how-to/add-a-judge.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple

from pipelines.judge.judge_context import JudgeContext
from pipelines.judge.judge_fingerprint import judge_model
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.protocol import Judge
from schemas.errors import SettingsError


class Backend(NamedTuple):
    """What the job must know of a family of judges before one is loaded."""

    rules: str = ""
    """A judge without a model: the module with the code that decides its scores; its name follows from that."""
    packages: tuple[str, ...] = ()
    """Packages that it imports and mining does not have."""
    install: str = "pip install -r requirements/models.txt"
    """The command that installs them."""
    asks_a_model: bool = True
    """It sends the preset's question to a model, which costs tokens."""
    reads_pictures: bool = True
    """If False, no picture is read for it."""
    mined_content: bool = False
    """It gets picture families, passages and annotations (`JudgeContext.content`)."""
    on_gpu: bool = False
    """It runs on the GPU of its actor, if there is one."""
    is_server: bool = False
    """It sends requests to a server: it has an API key, a budget and a probe."""
    in_driver: bool = False
    """It starts processes of its own, so the job calls it without actors."""


BACKENDS: Mapping[str, Backend] = {
    "overlap": Backend(
        rules="pipelines.judge.backends.content_overlap", asks_a_model=False, reads_pictures=False, mined_content=True
    ),
    "transformers": Backend(packages=("torch", "torchvision", "transformers", "safetensors"), on_gpu=True),
    "openai": Backend(is_server=True),
    "vllm": Backend(
        packages=("ray", "vllm"),
        install="pip install vllm, on a machine with a GPU (it is in no requirements file of this project)",
        in_driver=True,
    ),
}
"""By the preset's `backend`."""


@dataclass(frozen=True, slots=True)
class LoadJudge(JudgeContext):
    """Loads a judge in its actor; small enough to be sent to each."""

    def __call__(self) -> Judge:
        """Load the judge.

        Raises:
            SettingsError: a package, a file or the server is missing; with what to install, download or start.
        """
        check_packages(self.spec)
        match self.spec.backend:
            case "overlap":
                from pipelines.judge.backends.content_overlap import load
            case "transformers":
                from pipelines.judge.backends.vlm import load
            case "openai":
                from pipelines.judge.backends.openai_server import load
            case "vllm":
                from pipelines.judge.backends.vllm import load
        return load(self)


class JudgeName(NamedTuple):
    """The key of a judge's answers."""

    model: str
    prompt_hash: str


def name_of(spec: JudgeSpec, gpu: bool = False) -> JudgeName:
    """The `model` and `prompt_hash` that the loaded judge will have; nothing is loaded and no request is sent.

    Raises:
        SettingsError: there is no such backend; transformers, vllm: the model files are missing.

    Cost: transformers, vllm: one pass over the model files.
    """
    rules = backend_of(spec).rules
    return JudgeName(judge_model(spec, "cuda" if gpu else "cpu", rules), prompt_hash(spec.question))


def backend_of(spec: JudgeSpec) -> Backend:
    """The backend of a preset.

    Raises:
        SettingsError: there is none of that name, or it needs a question and the preset has none.
    """
    backend = BACKENDS.get(spec.backend)
    if backend is None:
        raise SettingsError(f"judge.backend is '{spec.backend}'; expected one of {sorted(BACKENDS)}")
    if backend.asks_a_model and not spec.question.user:
        raise SettingsError(
            f"judge.backend is '{spec.backend}', which needs a question, and the preset has none: set judge.name=content, or"
            " question.user in a preset of your own"
        )
    return backend


def check_packages(spec: JudgeSpec) -> None:
    """Fail early if a package is missing.

    Raises:
        SettingsError: with the command that installs it.
    """
    backend = backend_of(spec)
    missing = [package for package in backend.packages if find_spec(package) is None]
    if missing:
        raise SettingsError(
            f"judge.backend '{spec.backend}' needs {', '.join(missing)}: {backend.install}, or use judge.name=overlap"
        )
