"""Train the small encoder on generated sample corpora, write its weights, and evaluate them on unseen notes.

    OMP_NUM_THREADS=1 python -m scripts.train_small_encoder --work DIR [--out FILE] [--notes 6000] [--seed 1000]

Generates 6,000 training notes (seed 1000) and 1,000 test notes (seed 0, the seed of the default run) below DIR,
trains on one thread, and writes small_encoder/weights.safetensors. Needs requirements/models.txt; no network.
"""

import argparse
import json
import logging
import time
from pathlib import Path

import torch

from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import EncoderSpec
from pipelines.encode.recall import sample_recall
from pipelines.encode.small.train import Training, train
from pipelines.encode.small.training_corpus import read_notes
from pipelines.sources.sample_corpus.build import Sample, make_sample
from small_encoder.network import Shape
from small_encoder.weights import SHIPPED, save

UNSEEN = Sample(notes=1000, seed=0)
log = logging.getLogger("train_small_encoder")


def main() -> None:
    """Generate corpora, train, write weights, evaluate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the corpora, about 350 MB")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--notes", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1000, help="seed of the training corpus; not 0")
    parser.add_argument("--coarse-steps", type=int, default=Training().coarse_steps)
    parser.add_argument("--fine-steps", type=int, default=Training().fine_steps)
    arguments = parser.parse_args()
    if arguments.seed == UNSEEN.seed:
        parser.error("--seed 0 is the test corpus; choose another")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    make_sample(arguments.work / "learn", Sample(notes=arguments.notes, seed=arguments.seed))
    make_sample(arguments.work / "unseen", UNSEEN)
    start = time.process_time()
    settings = Training(coarse_steps=arguments.coarse_steps, fine_steps=arguments.fine_steps)
    net = train(read_notes(arguments.work / "learn"), Shape(), settings, lambda step, net: None)
    save(net, arguments.out)
    log.info(
        "trained in %.0f CPU seconds; %d bytes at %s", time.process_time() - start, arguments.out.stat().st_size, arguments.out
    )
    spec = EncoderSpec(backend="small", path=str(arguments.out))
    for task, recall in sample_recall(
        read_notes(arguments.work / "unseen", 480), load_preparer(spec), load_encoder(spec)
    ).items():
        log.info("%s", json.dumps({"task": task, **{f"recall@{k}": round(v, 3) for k, v in recall.items()}}))


if __name__ == "__main__":
    main()
