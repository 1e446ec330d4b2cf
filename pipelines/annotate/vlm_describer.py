"""Descriptions from a vision-language model of transformers, loaded in this process."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines.annotate.annotation import Answer, failed_answer
from pipelines.annotate.load_describer import Describe, Shown
from pipelines.annotate.picture_pixels import read_picture
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture, Pixels
from schemas.errors import SettingsError

INSTALL = "pip install torch==2.14.1 transformers==5.23.0"
WEIGHTS = (".safetensors", ".bin", ".json", ".jinja", ".txt", ".model")
"""Files of a model's folder that change what it says."""
FAILED, EMPTY = Reason.MODEL_FAILED, Reason.EMPTY_DESCRIPTION


class VlmDescriber:
    """One actor's model: any that `AutoModelForImageTextToText` knows (Qwen3-VL and others). Greedy, so the same each time."""

    looks = True

    def __init__(self, settings: Describe) -> None:
        """Load processor and model: on a GPU in bfloat16 when there is one, else on the CPU in float32.

        Raises:
            SettingsError: a package is not installed, or the model cannot be loaded.
        """
        for package in ("torch", "transformers"):
            if find_spec(package) is None:
                raise SettingsError(f"describe.name is 'transformers': the package '{package}' is not installed; {INSTALL}")
        import torch
        import transformers

        auto: Any = transformers  # its own types do not hold
        self._settings, self._torch = settings, torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        kind = torch.bfloat16 if self._device == "cuda" else torch.float32
        try:
            self._processor = auto.AutoProcessor.from_pretrained(settings.model)
            model = auto.AutoModelForImageTextToText.from_pretrained(settings.model, dtype=kind)
            self._model = model.to(self._device).eval()
        except (OSError, ValueError, KeyError, ImportError) as error:
            told = str(error).strip().splitlines()[0][:300]
            raise SettingsError(
                f"describe.model '{settings.model}' cannot be loaded as an image-text-to-text model: {told};"
                " give a folder, or a hub id that can be fetched from here"
            ) from error
        self._processor.tokenizer.padding_side = "left"  # the answer is written on to the right
        folder = Path(settings.model)
        name = folder.resolve().name if folder.is_dir() else folder.name  # not how a path to it is spelled
        self.model = f"{name}#{self._fingerprint()}"

    def __call__(self, shown: Sequence[Shown]) -> list[Answer]:
        """A description of each picture, `batch_size` at once; a batch that fails is asked again one by one.

        Cost: memory of one batch of pictures and its keys and values.
        """
        answers: list[Answer | None] = []
        pictures: list[Pixels] = []
        for one in shown:
            try:
                pictures.append(read_picture(one.content or b"", self._settings.side))
                answers.append(None)
            except BadPicture as bad:
                answers.append(failed_answer(bad))
        said = iter(self._described(pictures))
        return [next(said) if answer is None else answer for answer in answers]

    def _described(self, pictures: Sequence[Pixels]) -> Iterator[Answer]:
        size = self._settings.batch_size
        for start in range(0, len(pictures), size):
            yield from self._batch(pictures[start : start + size])

    def _batch(self, pictures: Sequence[Pixels]) -> list[Answer]:
        try:
            texts = self._generated(pictures)
        except (RuntimeError, ValueError, IndexError) as error:  # torch's out of memory is a RuntimeError
            if len(pictures) > 1:
                return [answer for picture in pictures for answer in self._batch([picture])]
            return [Answer(reason=FAILED, detail=f"{type(error).__name__}: {error}"[:300])]
        return [Answer(text=text) if text else Answer(reason=EMPTY) for text in texts]

    def _generated(self, pictures: Sequence[Pixels]) -> list[str]:
        """One text a picture, without the prompt and special tokens."""
        question = {"type": "text", "text": self._settings.prompt}
        asked = [
            [{"role": "user", "content": [{"type": "image", "image": Image.fromarray(picture)}, question]}]
            for picture in pictures
        ]
        inputs: Any = self._processor.apply_chat_template(
            asked,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            processor_kwargs={"padding": True, "return_tensors": "pt"},
        ).to(self._device)
        with self._torch.inference_mode():
            written = self._model.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=self._settings.max_new_tokens)
        answers = written[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in self._processor.batch_decode(answers, skip_special_tokens=True)]

    def _fingerprint(self) -> str:
        """12 hex digits of the weights (a folder's bytes, a hub model's commit), the prompt and the limits."""
        digest, folder = hashlib.sha256(), Path(self._settings.model)
        if folder.is_dir():
            for file in sorted(f for f in folder.iterdir() if f.suffix in WEIGHTS):
                with file.open("rb") as opened:
                    digest.update(file.name.encode() + hashlib.file_digest(opened, "sha256").digest())
        else:
            digest.update(str(getattr(self._model.config, "_commit_hash", None)).encode())
        asked = [self._settings.prompt, self._settings.max_new_tokens, self._settings.side, str(self._model.dtype)]
        digest.update(json.dumps(asked).encode())
        return digest.hexdigest()[:12]
