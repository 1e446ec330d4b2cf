"""The name of a judge: model, weights, and everything that changes scores except the question. Nothing is loaded for it."""

import dataclasses
import hashlib
import json
from typing import Any

from pipelines.judge.preset import JudgeSpec
from pipelines.models.weights_fingerprint import files_fingerprint
from pipelines.models.weights_folder import folder_of
from pipelines.workspace.code_fingerprint import code_fingerprint

ITEM_LIMITS = ("longest_side", "item_pixels", "item_chars")
"""How much of an item the judge gets."""


def judge_model(spec: JudgeSpec, device: str = "cpu", rules: str = "") -> str:
    """Name and fingerprint: `Judge.model`, the same before a judge is loaded and after.

    Args:
        spec: the preset.
        device: transformers: where it will run; on a GPU the weights have another type.
        rules: the module that decides the scores of a judge without a model.

    Raises:
        SettingsError: transformers, vllm: the model files are missing.

    Cost: transformers, vllm: one pass over the files, 1 to 2 GB/s, once a process.
    """
    options: dict[str, Any] = {key: getattr(spec, key) for key in ITEM_LIMITS}
    kind = "float32" if device == "cpu" else str(spec.gpu_dtype)
    match spec.backend:
        case "openai":
            server = spec.server
            options |= {"pictures": server.pictures, "extra": server.extra, "top": server.top_logprobs, "tol": server.tolerance}
            if server.leave_out:
                options["left"] = sorted(server.leave_out)
            return f"{spec.model}@server#{_digest(options)}"
        case "transformers":
            options |= {"min_pixels": spec.min_pixels, "max_pixels": spec.max_pixels, "code": spec.trust_remote_code}
        case "vllm":
            kind = f"vllm-{spec.gpu_dtype}"
            options |= {"top": spec.server.top_logprobs, "tol": spec.server.tolerance, "extra": spec.engine.extra}
            options |= {"max_model_len": spec.engine.max_model_len, "code": spec.trust_remote_code}
        case _:
            changes_scores = spec.overlap if spec.backend == "overlap" else spec
            return f"{spec.backend}#{_digest({'rules': code_fingerprint(rules), **dataclasses.asdict(changes_scores)})}"
    folder = folder_of(spec, weights=True, section="judge")
    options["files"] = files_fingerprint(folder)
    return f"{folder.resolve().name if spec.path else spec.model}@{kind}#{_digest(options)}"


def _digest(options: Any) -> str:  # noqa: ANN401
    return hashlib.sha256(json.dumps(options, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]
