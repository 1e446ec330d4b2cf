"""Encode the items of an evaluation with an encoder of the pipeline, to compare it with a trained model in one table.

    python -m uninote_train evaluate --shards SHARDS --write-items ITEMS
    python jobs/encode_items.py --items ITEMS --out VECTORS --set encoder.name=gme --set encoder.path=/models/gme-Qwen2-VL-2B
    python -m uninote_train evaluate --shards SHARDS --vectors VECTORS --name gme --out OUT

One process, one device; a killed job continues with the next unfinished file. Presets: docs/encoders.md.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from schemas.start import starting

with starting("models"):
    from pipelines.flows.encode_items.flow import encode_items
    from pipelines.flows.encode_items.settings import EncodeItems
    from pipelines.run_job import run_job

FLAGS = {
    "items": ("--items", "the folder that `evaluate --write-items` wrote"),
    "out": ("--out", "a folder for the vectors"),
}


def run(settings: EncodeItems) -> None:
    """Settings in, vectors out."""
    sys.stdout.write(encode_items(settings))


if __name__ == "__main__":
    run_job(EncodeItems, run, __doc__ or "", FLAGS, requirements="models")
