"""Settings -> Describer. Only the describer that the settings name is imported."""

from pathlib import Path

from pipelines.annotate.protocol import Describer
from pipelines.annotate.settings import Describe
from schemas.errors import SettingsError


def describer_files(settings: Describe) -> str:
    """Identifies the model before it is loaded: a folder's file names, sizes and times, else the name in the settings."""
    folder = Path(settings.model).expanduser()
    if settings.name != "transformers" or not settings.model or not folder.is_dir():
        return settings.model
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return "; ".join(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)


def load_describer(settings: Describe, api_key: str | None = None) -> Describer:
    """The describer that `settings.name` names, loaded.

    Args:
        settings: the describer and its model.
        api_key: sent to the server as a bearer token; not a setting, since settings are written to manifests.

    Raises:
        SettingsError: it cannot be loaded; with what to install, fetch or set.
    """
    if settings.name == "caption":
        from pipelines.annotate.caption_describer import CaptionDescriber

        return CaptionDescriber(settings)
    if not settings.model:
        raise SettingsError(f"describe.model is empty, and describe.name is '{settings.name}': set describe.model")
    if settings.name == "server":
        from pipelines.annotate.server_describer import ServerDescriber

        return ServerDescriber(settings, api_key)
    from pipelines.annotate.vlm_describer import VlmDescriber

    return VlmDescriber(settings)
