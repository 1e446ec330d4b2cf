"""Draw the pictures of docs/results/image-errors.md again, and print what the job says of each pair.

    .venv/bin/python -m benchmarks.image_errors --photos ../shared/data/howtocook/images [--out docs/images]

Green: where the left picture truly lies in the right one. Red: where the job says that the smaller one lies in the other.
Without Spark; some ten seconds.
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

from benchmarks.error_examples import Example, examples
from benchmarks.explained import ExplainedVerdict, explained, indexed_picture

SIDE = 232
"""Longest side of a picture on a sheet, pixels."""
TRUE, TOLD = (0, 160, 60), (220, 30, 30)


def fitted(image: Image.Image, box: tuple[float, ...] | None, claimed: tuple[float, ...] | None) -> Image.Image:
    """The picture in its half of the sheet, with its boxes."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(small)
    for shares, colour in ((box, TRUE), (claimed, TOLD)):
        if shares is not None:
            corners = [share * side for share, side in zip(shares, small.size * 2, strict=True)]
            draw.rectangle((corners[0], corners[1], corners[2] - 1, corners[3] - 1), outline=colour, width=2)
    half = Image.new("RGB", (SIDE + 8, SIDE + 8), (225, 225, 225))
    half.paste(small, ((half.width - small.width) // 2, (half.height - small.height) // 2))
    return half


def sheet(example: Example, explanation: ExplainedVerdict) -> Image.Image:
    """The two pictures side by side."""
    relation, region = explanation.verdict.relation, explanation.verdict.region
    left = region if relation in ("crop_b", "framed_b") else None
    right = region if relation in ("crop_a", "framed_a") else None
    halves = fitted(example.left, None, left), fitted(example.right, example.box, right)
    out = Image.new("RGB", (2 * halves[0].width, halves[0].height))
    for k, half in enumerate(halves):
        out.paste(half, (k * half.width, 0))
    return out


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for example in examples(given.photos):
        left, right = indexed_picture(example.left), indexed_picture(example.right)
        explanation = explained(left, right)
        sheet(example, explanation).save(given.out / f"{example.name}.jpg", "JPEG", quality=80, optimize=True)
        verdict, candidate = (
            explanation.verdict,
            "no candidate" if explanation.keys == 0 else f"{explanation.keys} keys in common",
        )
        print(f"{example.name}: {example.truth}; the job: {candidate}, {verdict.relation}, hamming {verdict.hamming}")
        print(f"    features {left.features} and {right.features}, PDQ quality {left.quality} and {right.quality}")
        print("".join(f"    {reason}\n" for reason in explanation.reasons), end="")


if __name__ == "__main__":
    main()
