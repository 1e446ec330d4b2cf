"""Pictures a second of the encoding stage, files in and vectors out, against the bare model at the same batch and threads.

    python -m benchmarks.encode_speed --photos FOLDER [--encoder small] [--pictures 512] [--json FILE]

The bare model is given pictures that are decoded and prepared already, in one process. The plain process is what one would
write without Ray: a thread reads, decodes and prepares ahead, the other runs the model; no chunk is written. The stage reads,
decodes and prepares in one actor, runs the model in another and writes its chunks; the start of Ray and of the actors, and
the model's first batch, are left out of all. Where the model is as fast as a decoder, its share of the bare
model says how many processors there are, and that of the plain process what the actors cost. The bare model is also run while
other processes decode the same pictures and throw them away, as many as there are readers: what it loses there are caches,
memory and clock that the processors share, which no stage can win back. `--encoder vit` is an
open_clip ViT of --vit's size with random weights.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import pyarrow as pa
import torch

from pipelines.encode.encode_chunk import Batching, LoadChunkEncoder, LoadReader
from pipelines.encode.load_encoder import load_encoder
from pipelines.encode.preset import EncoderSpec, load_spec
from pipelines.engines.ray.actor_pool import ActorPool, start_pool
from pipelines.engines.ray.chunk_queue import ChunkWork, run_chunks
from pipelines.engines.ray.cluster import Cluster, ray_session
from pipelines.items.rows_to_encode import CHUNK
from pipelines.workspace.filesystem import Folder

PICTURES_A_CHUNK = 64


def random_vit(folder: Path, name: str) -> EncoderSpec:
    """An open_clip model with random weights as a local folder: as dear as the real one, and as wrong as can be."""
    import open_clip
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    config = open_clip.get_model_config(name)
    seen = {"mean": [0.48] * 3, "std": [0.27] * 3, "interpolation": "bicubic", "resize_mode": "shortest"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": seen}))
    weights = open_clip.CLIP(**config).state_dict()
    save_file({key: value.contiguous() for key, value in weights.items()}, folder / "open_clip_model.safetensors")
    return replace(load_spec("clip"), path=str(folder), dimensions=0)


def chunks(files: list[Path]) -> list[pa.Table]:
    """CHUNK rows: an item for each file."""
    rows = [
        {"item_id": f"{k:06}", "note_id": f"{k:06}", "kind": "image", "uris": [str(file)], "pictures": str(file)}
        for k, file in enumerate(files)
    ]
    return [pa.Table.from_pylist(rows[k : k + PICTURES_A_CHUNK], CHUNK) for k in range(0, len(rows), PICTURES_A_CHUNK)]


def bare(spec: EncoderSpec, parts: list[pa.Table], batching: Batching, rounds: int) -> float:
    """Pictures a second of the model alone, the median round."""
    torch.set_num_threads(batching.threads)
    reader, encoder = LoadReader(spec)(), load_encoder(spec)
    prepared = [one for part in parts for one in reader(part)]
    batches = [prepared[k : k + batching.max_items] for k in range(0, len(prepared), batching.max_items)]
    encoder.encode(batches[0])
    taken = []
    for _ in range(rounds):
        started = time.monotonic()
        for batch in batches:
            encoder.encode(batch)
        taken.append(time.monotonic() - started)
    return len(prepared) / statistics.median(taken)


@contextmanager
def decoders(spec: EncoderSpec, parts: list[pa.Table], count: int) -> Iterator[None]:
    """Processes that read and prepare the pictures over and over while the block runs."""
    spawn = multiprocessing.get_context("spawn")
    ready, started = spawn.Barrier(count + 1), []
    for _ in range(count):
        started.append(spawn.Process(target=_decode, args=(spec, parts, ready), daemon=True))
        started[-1].start()
    ready.wait()
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.join()


def _decode(spec: EncoderSpec, parts: list[pa.Table], ready: threading.Barrier) -> None:
    cv2.setNumThreads(1)
    reader = LoadReader(spec)()
    ready.wait()
    while True:
        for part in parts:
            reader(part)


def plain(spec: EncoderSpec, parts: list[pa.Table], batching: Batching, readers: int, rounds: int) -> float:
    """Pictures a second of one process that reads ahead in threads, the median round."""
    torch.set_num_threads(batching.threads)
    cv2.setNumThreads(1)
    reader, encoder = LoadReader(spec)(), load_encoder(spec)
    encoder.encode(reader(parts[0])[: batching.max_items])
    taken = []
    for _ in range(rounds):
        started = time.monotonic()
        with ThreadPoolExecutor(readers) as ahead:
            for prepared in ahead.map(reader, parts):
                for k in range(0, len(prepared), batching.max_items):
                    encoder.encode(prepared[k : k + batching.max_items])
        taken.append(time.monotonic() - started)
    return sum(map(len, parts)) / statistics.median(taken)


def stage(actors: ActorPool, parts: list[pa.Table], scratch: Path, rounds: int) -> float:
    """Pictures a second of the pools, the median round."""
    taken = []
    for number in range(rounds + 1):
        there = Folder(str(scratch / f"{number}"))
        work = ChunkWork(stage="encode", folder=there, stamp=str(number), poison=lambda rows: rows, check=_all_good)
        started = time.monotonic()
        for _ in run_chunks(parts if number else parts[:1], actors, work):
            pass
        taken.append(time.monotonic() - started)
    return sum(map(len, parts)) / statistics.median(taken[1:])


def _all_good(reasons: list[str]) -> None:
    if reasons:
        raise RuntimeError(f"pictures that cannot be encoded: {reasons[:3]}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--encoder", default="small", help="a preset, or vit")
    parser.add_argument("--vit", default="ViT-B-32")
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    files = sorted(file for file in given.photos.resolve().rglob("*") if file.suffix in {".jpg", ".jpeg", ".png"})
    parts, batching = chunks(files[: given.pictures]), Batching(threads=given.threads)
    with tempfile.TemporaryDirectory(prefix="encode-speed-") as folder:
        scratch = Path(folder)
        spec = random_vit(scratch / "vit", given.vit) if given.encoder == "vit" else load_spec(given.encoder)
        alone = bare(spec, parts, batching, given.rounds)
        with decoders(spec, parts, given.readers):
            beside = bare(spec, parts, batching, given.rounds)
        simple = plain(spec, parts, batching, given.readers, given.rounds)
        with ray_session(Cluster(address="local", readers=given.readers, models=1)) as machines:
            actors = start_pool(LoadReader(spec), LoadChunkEncoder(spec, gpu=False, batching=batching), machines)
            actors.model()
            ours = stage(actors, parts, scratch / "chunks", given.rounds)
            actors.end()
    result = {
        "encoder": given.encoder,
        "pictures": sum(map(len, parts)),
        "threads": given.threads,
        "readers": given.readers,
        "bare_pictures_a_s": round(alone, 1),
        "bare_beside_decoders_pictures_a_s": round(beside, 1),
        "plain_process_pictures_a_s": round(simple, 1),
        "stage_pictures_a_s": round(ours, 1),
        "share": round(ours / alone, 3),
        "share_of_bare_beside_decoders": round(ours / beside, 3),
        "share_of_plain_process": round(ours / simple, 3),
    }
    print(json.dumps(result, indent=1))
    if given.json:
        given.json.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
