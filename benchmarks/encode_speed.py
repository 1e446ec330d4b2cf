"""Throughput of the encoding stage, from files to vectors, compared with the bare model at the same batch size and threads.

    python -m benchmarks.encode_speed --photos FOLDER [--encoder small] [--pictures 512] [--json FILE]

The bare model gets decoded and prepared pictures, in one process. The plain process is what one would
write without Ray: a thread reads, decodes and prepares ahead, the other runs the model; no chunk is written. The stage reads,
decodes and prepares in one actor, runs the model in another and writes its chunks; the start of Ray and of the actors, and
the model's first batch, are left out of all. Where the model is as fast as a decoder, its share of the bare
the model's first batch, are excluded. If the model is as fast as a decoder, the share of the bare
other processes, as many as readers, decode the same pictures and discard them: the difference is the cost of shared caches,
memory bandwidth and clock, which no stage can avoid. `--encoder vit` is an
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
    """Save an open_clip model with random weights to a local folder: it costs as much as the real one."""
    import open_clip
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    config = open_clip.get_model_config(name)
    preprocessing = {"mean": [0.48] * 3, "std": [0.27] * 3, "interpolation": "bicubic", "resize_mode": "shortest"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocessing}))
    weights = open_clip.CLIP(**config).state_dict()
    save_file({key: value.contiguous() for key, value in weights.items()}, folder / "open_clip_model.safetensors")
    return replace(load_spec("clip"), path=str(folder), dimensions=0)


def chunks(files: list[Path]) -> list[pa.Table]:
    """Build CHUNK rows, one item per file."""
    rows = [
        {"item_id": f"{k:06}", "note_id": f"{k:06}", "kind": "image", "uris": [str(file)], "pictures": str(file)}
        for k, file in enumerate(files)
    ]
    return [pa.Table.from_pylist(rows[k : k + PICTURES_A_CHUNK], CHUNK) for k in range(0, len(rows), PICTURES_A_CHUNK)]


def bare(spec: EncoderSpec, parts: list[pa.Table], batching: Batching, rounds: int) -> float:
    """Measure pictures per second of the model alone, in the median round."""
    torch.set_num_threads(batching.threads)
    reader, encoder = LoadReader(spec)(), load_encoder(spec)
    prepared = [one for part in parts for one in reader(part)]
    batches = [prepared[k : k + batching.max_items] for k in range(0, len(prepared), batching.max_items)]
    encoder.encode(batches[0])
    durations = []
    for _ in range(rounds):
        started = time.monotonic()
        for batch in batches:
            encoder.encode(batch)
        durations.append(time.monotonic() - started)
    return len(prepared) / statistics.median(durations)


@contextmanager
def decoders(spec: EncoderSpec, parts: list[pa.Table], count: int) -> Iterator[None]:
    """Run processes that read and prepare the pictures in a loop while the block runs."""
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
    """Measure pictures per second of one process that reads ahead in threads, in the median round."""
    torch.set_num_threads(batching.threads)
    cv2.setNumThreads(1)
    reader, encoder = LoadReader(spec)(), load_encoder(spec)
    encoder.encode(reader(parts[0])[: batching.max_items])
    durations = []
    for _ in range(rounds):
        started = time.monotonic()
        with ThreadPoolExecutor(readers) as ahead:
            for prepared in ahead.map(reader, parts):
                for k in range(0, len(prepared), batching.max_items):
                    encoder.encode(prepared[k : k + batching.max_items])
        durations.append(time.monotonic() - started)
    return sum(map(len, parts)) / statistics.median(durations)


def stage(actors: ActorPool, parts: list[pa.Table], scratch: Path, rounds: int) -> float:
    """Measure pictures per second of the actor pools, in the median round."""
    durations = []
    for number in range(rounds + 1):
        round_folder = Folder(str(scratch / f"{number}"))
        work = ChunkWork(stage="encode", folder=round_folder, stamp=str(number), poison=lambda rows: rows, check=_all_good)
        started = time.monotonic()
        for _ in run_chunks(parts if number else parts[:1], actors, work):
            pass
        durations.append(time.monotonic() - started)
    return sum(map(len, parts)) / statistics.median(durations[1:])


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
    arguments = parser.parse_args()
    files = sorted(file for file in arguments.photos.resolve().rglob("*") if file.suffix in {".jpg", ".jpeg", ".png"})
    parts, batching = chunks(files[: arguments.pictures]), Batching(threads=arguments.threads)
    with tempfile.TemporaryDirectory(prefix="encode-speed-") as folder:
        scratch = Path(folder)
        spec = random_vit(scratch / "vit", arguments.vit) if arguments.encoder == "vit" else load_spec(arguments.encoder)
        bare_rate = bare(spec, parts, batching, arguments.rounds)
        with decoders(spec, parts, arguments.readers):
            with_decoders = bare(spec, parts, batching, arguments.rounds)
        plain_rate = plain(spec, parts, batching, arguments.readers, arguments.rounds)
        with ray_session(Cluster(address="local", readers=arguments.readers, models=1)) as machines:
            actors = start_pool(LoadReader(spec), LoadChunkEncoder(spec, gpu=False, batching=batching), machines)
            actors.model()
            stage_rate = stage(actors, parts, scratch / "chunks", arguments.rounds)
            actors.end()
    result = {
        "encoder": arguments.encoder,
        "pictures": sum(map(len, parts)),
        "threads": arguments.threads,
        "readers": arguments.readers,
        "bare_pictures_a_s": round(bare_rate, 1),
        "bare_beside_decoders_pictures_a_s": round(with_decoders, 1),
        "plain_process_pictures_a_s": round(plain_rate, 1),
        "stage_pictures_a_s": round(stage_rate, 1),
        "share": round(stage_rate / bare_rate, 3),
        "share_of_bare_beside_decoders": round(stage_rate / with_decoders, 3),
        "share_of_plain_process": round(stage_rate / plain_rate, 3),
    }
    print(json.dumps(result, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
