"""No pair of hashes within the radius is missed, and keys of different bands never meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mining.images.candidates.hash_bands import BITS, band_count, index_keys, query_keys

HASHES = st.binary(min_size=32, max_size=32)


@pytest.mark.slow
@given(HASHES, st.integers(0, 40), st.data())
def test_two_hashes_within_the_radius_share_a_key(pdq, radius, data):
    flipped = data.draw(st.sets(st.integers(0, BITS - 1), max_size=radius))
    bits = np.unpackbits(np.frombuffer(pdq, np.uint8))
    bits[list(flipped)] ^= 1
    other = np.packbits(bits).tobytes()
    count = band_count(radius)
    assert set(index_keys(pdq, count)[0].tolist()) & set(query_keys(other, count)[0].tolist())


@given(HASHES, st.integers(6, 30))
def test_a_hash_has_a_key_for_each_band_and_each_bit(pdq, count):
    (keys,) = index_keys(pdq, count)
    assert len(set(keys.tolist())) == len(keys) == BITS + count
    assert set(query_keys(pdq, count)[0].tolist()) <= set(keys.tolist())


@given(HASHES)
def test_a_pair_far_apart_need_not_meet(pdq):
    far = bytes(255 - byte for byte in pdq)
    assert not set(index_keys(pdq, 11)[0].tolist()) & set(query_keys(far, 11)[0].tolist())


@given(st.lists(HASHES, min_size=1, max_size=8), st.integers(6, 30))
def test_many_hashes_at_once_have_the_keys_of_each(hashes, count):
    for keys in (index_keys, query_keys):
        assert (keys(b"".join(hashes), count) == np.concatenate([keys(one, count) for one in hashes])).all()
