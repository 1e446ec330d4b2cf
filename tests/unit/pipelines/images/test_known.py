"""A digest is known exactly when it was saved."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.images.known import is_known, load_known, save_known

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@settings(max_examples=50)
@given(st.sets(DIGESTS, max_size=30), st.sets(DIGESTS, max_size=30))
def test_knows_what_was_saved_and_nothing_else(tmp_path_factory, saved, others):
    file = tmp_path_factory.mktemp("known") / "known.npy"
    save_known(saved, file)
    known = load_known(file)
    assert all(is_known(digest, known) for digest in saved)
    assert not any(is_known(digest, known) for digest in others - saved)


def test_tells_digests_apart_that_begin_alike(tmp_path):
    one, two = "a" * 16 + "b" * 48, "a" * 16 + "c" * 48
    save_known([one], tmp_path / "known.npy")
    known = load_known(tmp_path / "known.npy")
    assert is_known(one, known)
    assert not is_known(two, known)
