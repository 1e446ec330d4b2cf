"""The image root is kept where a picture's uri does not say how its store is opened, and nowhere else."""

import pytest

from pipelines.flows.mine_pairs.fingerprint_stage import _store_root


@pytest.mark.parametrize(
    ("root", "kept"),
    [
        ("/data/pictures", False),
        ("s3://bucket/pictures", False),
        ("hdfs://me@host:9000/pictures", False),
        ("abfss://container@account.dfs.core.windows.net/pictures", False),
        ("gs://anonymous@bucket/pictures", True),
        ("s3://bucket/pictures?endpoint_override=minio:9000&scheme=http", True),
    ],
)
def test_a_root_is_kept_where_it_says_more_than_the_uris(root, kept):
    assert _store_root(root) == ({"image_root": root} if kept else {})
