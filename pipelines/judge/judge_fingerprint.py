"""The name of a judge: its model, its weights, and all that changes scores but the question. Nothing is loaded for it."""

import dataclasses
import hashlib
import json
from typing import Any

from pipelines.judge.preset import JudgeSpec
from pipelines.models.weights_fingerprint import files_fingerprint
from pipelines.models.weights_folder import folder_of
from pipelines.workspace.code_fingerprint import code_fingerprint

SHOWN = ("longest_side", "item_pixels", "item_chars")
"""What of an item is shown."""


def named(spec: JudgeSpec, device: str = "cpu") -> str:
    """Name and fingerprint: `Judge.model`, the same before a judge is loaded and after.

    Args:
        spec: which judge.
        device: transformers: where it will run; on a GPU the weights have another type.

    Raises:
        SettingsError: transformers, vllm: the files are not there.

    Cost: transformers, vllm: one pass over the files, 1 to 2 GB/s, once a process.
    """
    told: dict[str, Any] = {key: getattr(spec, key) for key in SHOWN}
    kind = "float32" if device == "cpu" else str(spec.gpu_dtype)
    match spec.backend:
        case "overlap":
            rules = code_fingerprint("pipelines.judge.backends.content_overlap")
            return f"overlap#{_short({'rules': rules, **dataclasses.asdict(spec.overlap)})}"
        case "openai":
            server = spec.server
            told |= {"pictures": server.pictures, "extra": server.extra, "top": server.top_logprobs, "tol": server.tolerance}
            if server.leave_out:
                told["left"] = sorted(server.leave_out)
            return f"{spec.model}@server#{_short(told)}"
        case "transformers":
            told |= {"min_pixels": spec.min_pixels, "max_pixels": spec.max_pixels, "code": spec.trust_remote_code}
        case "vllm":
            kind = f"vllm-{spec.gpu_dtype}"
            told |= {"top": spec.server.top_logprobs, "tol": spec.server.tolerance, "extra": spec.engine.extra}
            told |= {"max_model_len": spec.engine.max_model_len, "code": spec.trust_remote_code}
    folder = folder_of(spec, weights=True, section="judge")
    told["files"] = files_fingerprint(folder)
    return f"{folder.resolve().name if spec.path else spec.model}@{kind}#{_short(told)}"


def _short(told: Any) -> str:  # noqa: ANN401
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]
