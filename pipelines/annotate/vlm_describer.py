"""Descriptions from a vision-language model of transformers, loaded in this process."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines.annotate.annotation import Annotation, failed_annotation
from pipelines.annotate.picture_pixels import read_picture
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.settings import Describe
from pipelines.items.failure_reasons import Reason
from pipelines.media.decode import BadPicture, Pixels
from schemas.errors import SettingsError

INSTALL = "pip install torch==2.14.1 transformers==5.23.0"
WEIGHTS = (".safetensors", ".bin", ".json", ".jinja", ".txt", ".model")
"""Suffixes of the files of a model's folder that change its descriptions."""
FAILED, EMPTY = Reason.MODEL_FAILED, Reason.EMPTY_DESCRIPTION


class VlmDescriber:
    """One actor's model: any that `AutoModelForImageTextToText` loads (Qwen3-VL and others). Greedy: deterministic."""

    reads_pictures = True

    def __init__(self, settings: Describe) -> None:
        """Load processor and model: on a GPU in bfloat16 if there is one, else on the CPU in float32.

        Raises:
            SettingsError: a package is not installed, or the model cannot be loaded.
        """
        for package in ("torch", "transformers"):
            if find_spec(package) is None:
                raise SettingsError(f"describe.name is 'transformers': the package '{package}' is not installed; {INSTALL}")
        import torch
        import transformers

        auto: Any = transformers  # its type annotations are wrong
        self._settings, self._torch = settings, torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        kind = torch.bfloat16 if self._device == "cuda" else torch.float32
        try:
            self._processor = auto.AutoProcessor.from_pretrained(settings.model)
            model = auto.AutoModelForImageTextToText.from_pretrained(settings.model, dtype=kind)
            self._model = model.to(self._device).eval()
        except (OSError, ValueError, KeyError, ImportError) as error:
            message = str(error).strip().splitlines()[0][:300]
            raise SettingsError(
                f"describe.model '{settings.model}' cannot be loaded as an image-text-to-text model: {message};"
                " set a folder, or a hub id that this machine can download"
            ) from error
        self._processor.tokenizer.padding_side = "left"  # generation continues on the right
        folder = Path(settings.model)
        name = folder.resolve().name if folder.is_dir() else folder.name  # independent of how the path is written
        self.model = f"{name}#{self._fingerprint()}"

    def __call__(self, pictures: Sequence[NotePicture]) -> list[Annotation]:
        """A description of each picture, `batch_size` at once; the pictures of a failed batch are retried one by one.

        Cost: memory of one batch of pictures and its keys and values.
        """
        unreadable: list[Annotation | None] = []
        pixels: list[Pixels] = []
        for picture in pictures:
            try:
                pixels.append(read_picture(picture.content or b"", self._settings.side))
                unreadable.append(None)
            except BadPicture as bad:
                unreadable.append(failed_annotation(bad))
        descriptions = iter(self._descriptions(pixels))
        return [next(descriptions) if failure is None else failure for failure in unreadable]

    def _descriptions(self, pictures: Sequence[Pixels]) -> Iterator[Annotation]:
        size = self._settings.batch_size
        for start in range(0, len(pictures), size):
            yield from self._batch(pictures[start : start + size])

    def _batch(self, pictures: Sequence[Pixels]) -> list[Annotation]:
        try:
            texts = self._generate(pictures)
        except (RuntimeError, ValueError, IndexError) as error:  # torch's out of memory is a RuntimeError
            if len(pictures) > 1:
                return [description for picture in pictures for description in self._batch([picture])]
            return [Annotation(reason=FAILED, detail=f"{type(error).__name__}: {error}"[:300])]
        return [Annotation(text=text) if text else Annotation(reason=EMPTY) for text in texts]

    def _generate(self, pictures: Sequence[Pixels]) -> list[str]:
        """One text per picture, without the prompt and special tokens."""
        instruction = {"type": "text", "text": self._settings.prompt}
        chats = [
            [{"role": "user", "content": [{"type": "image", "image": Image.fromarray(picture)}, instruction]}]
            for picture in pictures
        ]
        inputs: Any = self._processor.apply_chat_template(
            chats,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            processor_kwargs={"padding": True, "return_tensors": "pt"},
        ).to(self._device)
        with self._torch.inference_mode():
            tokens = self._model.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=self._settings.max_new_tokens)
        generated = tokens[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in self._processor.batch_decode(generated, skip_special_tokens=True)]

    def _fingerprint(self) -> str:
        """12 hex digits of the weights (a folder's bytes, a hub model's commit), the prompt and the limits."""
        digest, folder = hashlib.sha256(), Path(self._settings.model)
        if folder.is_dir():
            for file in sorted(f for f in folder.iterdir() if f.suffix in WEIGHTS):
                with file.open("rb") as opened:
                    digest.update(file.name.encode() + hashlib.file_digest(opened, "sha256").digest())
        else:
            digest.update(str(getattr(self._model.config, "_commit_hash", None)).encode())
        options = [self._settings.prompt, self._settings.max_new_tokens, self._settings.side, str(self._model.dtype)]
        digest.update(json.dumps(options).encode())
        return digest.hexdigest()[:12]
