"""What a stranger's picture costs at most: 300 MB of memory and some seconds of a processor, whatever its format."""

from multiprocessing import get_context

import pytest

from testkit.picture_bombs import BOMBS, LARGEST, LIMIT_MB, LIMIT_S, cost

pytestmark = [pytest.mark.slow, pytest.mark.nightly]
QUICK = [name for name in BOMBS if not any(word in name for word in ("60 MB of", "2 million", "5 million", "words", "50 MB"))]
"""Those of a second or two; `python -m testkit.picture_bombs` runs all."""
ONE_OF_EACH = (
    "jpeg progressive",
    "png RGBA",
    "gif",
    "webp RGBA lossless that is large",
    "tiff F",
    "avif",
    "jp2 that is halved",
)
"""The dearest mode of each format, or nearly; each takes seconds, `python -m testkit.picture_bombs` runs all 31."""


def alone(content):
    with get_context("spawn").Pool(1) as process:
        return process.apply(cost, (content,))


@pytest.mark.parametrize("name", QUICK)
def test_a_bomb_costs_no_more_than_a_picture(name):
    seconds, here, apart, _ = alone(BOMBS[name]())
    assert max(here, apart) <= LIMIT_MB and seconds <= LIMIT_S


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_largest_picture_of_a_format_and_mode_is_read_within_the_limits(name):
    seconds, here, apart, outcome = alone(LARGEST[name]())
    assert outcome.startswith("read")
    assert max(here, apart) <= LIMIT_MB and seconds <= LIMIT_S
