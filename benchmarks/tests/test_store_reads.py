"""The benchmark itself, small: what it prints is what is promised."""

from benchmarks.store_reads import compare


def test_one_client_is_faster_than_one_for_each_picture_and_opens_no_more_connections_than_readers():
    one, each = compare(pictures=64, readers=8, latency_ms=20, moto=False)
    assert one.credentials == 1
    assert one.connections <= 8 + 1
    assert each.credentials == 64
    assert each.connections >= 64
    assert one.pictures_s >= 2 * each.pictures_s  # the command asks for 3.5 of 240 pictures: 64 are too few to time
