"""What pictures show, in words: one protocol for a model here, a model on a server, and the note's own words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field

from pipelines.annotate.annotation import Answer
from pipelines.models.openai_client import Server
from schemas.errors import SettingsError

PROMPT = (
    "Describe this picture in one or two sentences: what it shows, the things in it, their colours and places, and any words."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture and the note that shows it."""

    content: bytes | None = None
    """Its file; None for a describer that does not look (`Describer.looks`)."""
    title: str | None = None
    body: str | None = None
    first: bool = True
    """It is its note's cover, the first that can be read."""


class Describer(Protocol):
    """Loaded once an actor, called for every batch; what is wrong with one picture is its own answer's reason."""

    model: str
    """Name and fingerprint; with a picture's sha256 the key of the cache."""
    looks: bool
    """It looks at the picture and at nothing else. If not, its answers belong to the note and are not cached."""

    def __call__(self, shown: Sequence[Shown]) -> list[Answer]:
        """An answer for each picture, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """Settings of the descriptions."""

    name: Literal["caption", "transformers", "server"] = "caption"
    """caption: the note's own title, or first sentence; transformers: a vision-language model in this process; server."""
    model: str = ""
    """transformers: a folder or a hub id; server: the name that the server knows it by."""
    prompt: str = PROMPT
    """What the model is asked. In the language in which it is to answer."""
    max_new_tokens: Annotated[int, Field(ge=1)] = 128
    """The answer is cut here."""
    side: Annotated[int, Field(ge=32)] = 1024
    """Longest side of the picture that the model is given, pixels."""
    batch_size: Annotated[int, Field(ge=1)] = 8
    """transformers: pictures that go through the model at once."""
    covers_only: bool = True
    """caption: a note's words are given to its cover alone: of which other picture they speak nobody knows."""
    server: Server = field(default_factory=Server)


def described_by(settings: Describe) -> str:
    """What names the model before it is loaded: of a folder its files' names, sizes and times, else its name as it is set."""
    folder = Path(settings.model).expanduser()
    if settings.name != "transformers" or not settings.model or not folder.is_dir():
        return settings.model
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return "; ".join(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)


def load_describer(settings: Describe, api_key: str | None = None) -> Describer:
    """The describer that `settings.name` names, loaded.

    Args:
        settings: which, and how it is asked.
        api_key: sent to the server as a bearer token; no setting, since settings are written down.

    Raises:
        SettingsError: it cannot be loaded; with what to install, fetch or set.
    """
    if settings.name == "caption":
        from pipelines.annotate.caption_describer import OwnWords

        return OwnWords(settings)
    if not settings.model:
        raise SettingsError(f"describe.model is empty, and describe.name is '{settings.name}': name the model")
    if settings.name == "server":
        from pipelines.annotate.server_describer import ServerDescriber

        return ServerDescriber(settings, api_key)
    from pipelines.annotate.vlm_describer import VlmDescriber

    return VlmDescriber(settings)
