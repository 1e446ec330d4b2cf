"""Settings -> Judge. Only the backend that is asked for is imported."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import NamedTuple

from pipelines.judge.backends.mined_content import Known
from pipelines.judge.budget import Purse
from pipelines.judge.judge_fingerprint import named
from pipelines.judge.preset import JudgeSpec, prompt_hash
from pipelines.judge.protocol import Judge
from schemas.errors import SettingsError

NEEDS = {
    "overlap": (),
    "transformers": ("torch", "torchvision", "transformers", "safetensors"),
    "openai": (),
    "vllm": ("ray", "vllm"),
}
"""Packages of a backend, beside those that mining has."""
INSTALL = {"vllm": "pip install vllm, on a machine with a GPU (it is in no requirements of ours)"}
"""Where it is not `pip install -r requirements/models.txt`."""


@dataclass(frozen=True, slots=True)
class LoadJudge:
    """Makes a judge in its actor; small enough to be sent to each."""

    spec: JudgeSpec
    gpu: bool = False
    """transformers: whether it runs on the GPU of its actor."""
    api_key: str | None = field(default=None, repr=False)
    """openai: what stands in `spec.server.key_variable`; read by the job, since an actor has another environment."""
    known: Known = field(default_factory=Known, repr=False)
    """overlap: families of pictures, passages, annotations (`known.known`)."""
    budget: Purse | None = field(default=None, repr=False)
    """openai: of the run, shared by all actors; None: each has one of its own."""
    threads: int = 1
    """transformers: of an actor with the model on a processor."""

    def __call__(self) -> Judge:
        """Load it.

        Raises:
            SettingsError: a package, a file or the server is missing; says what to install, fetch or start.
        """
        check_packages(self.spec)
        match self.spec.backend:
            case "overlap":
                from pipelines.judge.backends.content_overlap import OverlapJudge

                return OverlapJudge(self.spec, self.known)
            case "transformers":
                import torch

                from pipelines.judge.backends.vlm import VlmJudge

                torch.set_num_threads(self.threads)
                return VlmJudge(self.spec, _device(self.gpu))
            case "openai":
                from pipelines.judge.backends.openai_server import ServerJudge

                return ServerJudge(self.spec, self.api_key, budget=self.budget)
            case "vllm":
                from pipelines.judge.backends.vllm import EngineJudge

                return EngineJudge(self.spec)


class Name(NamedTuple):
    """What a judgement is filed under."""

    model: str
    prompt_hash: str


def name_of(spec: JudgeSpec, gpu: bool = False) -> Name:
    """The `model` and `prompt_hash` that a loaded judge will have; nothing is loaded and nobody is asked.

    Raises:
        SettingsError: transformers, vllm: the files are not there.

    Cost: transformers, vllm: a pass over the weights' files.
    """
    return Name(named(spec, "cuda" if gpu else "cpu"), prompt_hash(spec.question))


def check_packages(spec: JudgeSpec) -> None:
    """End early where a package is missing.

    Raises:
        SettingsError: with what to install.
    """
    missing = [package for package in NEEDS[spec.backend] if find_spec(package) is None]
    if missing:
        how = INSTALL.get(spec.backend, "pip install -r requirements/models.txt")
        raise SettingsError(f"judge.backend '{spec.backend}' needs {', '.join(missing)}: {how}, or use judge.name=overlap")


def _device(gpu: bool) -> str:
    import torch

    if gpu and not torch.cuda.is_available():
        raise SettingsError(f"judge on a GPU: torch {torch.__version__} sees none; run without one")
    return "cuda" if gpu else "cpu"
