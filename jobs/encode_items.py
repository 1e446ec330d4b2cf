"""Encode the items of an evaluation with an encoder of the pipeline, to compare it with a trained model.

    python -m uninote_train evaluate --shards SHARDS --write-items ITEMS
    python jobs/encode_items.py --items ITEMS --out VECTORS --set encoder.name=gme --set encoder.path=/models/gme-Qwen2-VL-2B
    python -m uninote_train evaluate --shards SHARDS --vectors VECTORS --name gme --out OUT

Uses one process and one device; a killed job resumes at the file it was writing. Presets: docs/how-to/pick-an-encoder.md.
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
    "items": ("--items", "folder written by `evaluate --write-items`"),
    "out": ("--out", "folder to write the vectors to"),
}


def run(settings: EncodeItems) -> None:
    """Run the job: vectors are written to the output folder."""
    sys.stdout.write(encode_items(settings))


if __name__ == "__main__":
    run_job(EncodeItems, run, __doc__ or "", FLAGS, requirements="models")
