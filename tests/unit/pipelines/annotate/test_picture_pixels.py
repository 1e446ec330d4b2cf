import io

import numpy as np
import pytest
from PIL import Image

from pipelines.annotate.annotation import failed_annotation
from pipelines.annotate.picture_pixels import as_jpeg, read_picture
from pipelines.media.decode import BadPicture


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_large_picture_is_reduced_and_a_small_one_kept(kind):
    content = saved(Image.effect_noise((900, 300), 40).convert("RGB"), kind)
    assert read_picture(content, 300).shape == (100, 300, 3)
    assert read_picture(content, 2000).shape == (300, 900, 3)


def test_what_is_transparent_is_white_and_sixteen_bits_are_scaled():
    assert (read_picture(saved(Image.new("RGBA", (9, 9), (200, 0, 0, 0))), 90) == 255).all()
    deep = Image.fromarray(np.full((9, 9), 128 * 257, np.uint16))
    assert (read_picture(saved(deep), 90) == 128).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"words", "not a picture"),
        (saved(Image.effect_noise((64, 64), 40))[:400], "truncated"),
        (saved(Image.new("1", (20_000, 20_000))), "too large"),
    ],
    ids=["empty", "text", "half", "bomb"],
)
def test_names_what_is_wrong_with_a_file(content, reason):
    with pytest.raises(BadPicture) as bad:
        read_picture(content, 100)
    assert bad.value.reason == reason
    assert failed_annotation(bad.value).reason == reason


def test_a_jpeg_of_the_pixels_shows_the_same():
    rgb = np.kron(np.random.default_rng(0).integers(0, 255, (4, 5, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    back = read_picture(as_jpeg(rgb), 1000)
    assert back.shape == rgb.shape
    assert np.abs(back.astype(int) - rgb).mean() < 8
