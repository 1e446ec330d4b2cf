import cv2
import numpy as np
import pytest
from PIL import Image

from pipelines.mining.images.fingerprint.deskew import straightened
from tests.unit.pipelines.mining.images.scenes import product, scene


@pytest.mark.parametrize("angle", [-36, -30, -12, 7, 15, 33])
@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("fill", [(0, 0, 0), (255, 255, 255)])
def test_a_turned_picture_is_turned_back(angle, expand, fill):
    original = scene(3, 288, 216)
    turned = Image.fromarray(original).rotate(angle, Image.Resampling.BICUBIC, expand=expand, fillcolor=fill)
    result = straightened(np.asarray(turned))
    assert abs(result.shape[1] / result.shape[0] / (288 / 216) - 1) < 0.06
    back = cv2.resize(result, (288, 216)).astype(float)
    middle = np.s_[60:156, 80:208]
    assert np.corrcoef(back[middle].ravel(), original[middle].ravel())[0, 1] > 0.75


@pytest.mark.parametrize("seed", range(10))
def test_an_upright_picture_is_left_alone(seed):
    for picture in (scene(seed, 288, 216), product((170, 90, 60)), np.full((60, 80, 3), 255, np.uint8)):
        assert straightened(picture) is picture


def test_a_turned_product_on_white_is_left_alone():
    turned = Image.fromarray(product((170, 90, 60))).rotate(20, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    assert np.array_equal(straightened(np.asarray(turned)), np.asarray(turned))
