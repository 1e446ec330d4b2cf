"""Any text that a stranger writes is a key below the root, or is refused: as a property, without a store."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.media.decode import BadPicture
from pipelines.media.picture_uri import (
    ABSOLUTE,
    absolute_uri,
    checked_key,
    far_below,
    is_plain_authority,
    place_of,
    root_of,
    without_dots,
)

TEXT = st.text(max_size=40) | st.text("./\\%?#:@&=aA2eE ", max_size=40)
ROOTS = st.sampled_from(
    ["s3://bucket/pictures", "s3a://bucket", "gs://b/x/", "s3://bucket/p?endpoint_override=h:1&scheme=http"]
)


@given(ROOTS, TEXT)
@example("s3://bucket/pictures", "a.jpg?endpoint_override=127.0.0.1:9&scheme=http")
def test_what_a_note_says_is_a_key_below_the_root_or_is_refused(root, text):
    parted = root_of(root)
    if re.match(ABSOLUTE, text):
        return
    place = place_of(parted.prefix + text)
    assert place.store() == parted.place.store()
    assert far_below(place, parted.place)
    assert place.key == (f"{parted.place.key}/" if parted.place.key else "") + text
    try:
        key = checked_key(without_dots(place)).key
    except BadPicture as bad:
        assert bad.reason in ("outside the image root", "no plain file", "unreadable file")
        return
    assert ".." not in re.split(r"[/\\]", key)
    assert "." not in key.split("/")


@given(st.sampled_from(["s3://", "gs://", "abfs://", "hdfs://", "x://", "file:", "data:", "", "/"]), TEXT)
def test_no_host_and_no_option_stands_before_a_key(scheme, text):
    try:
        place = place_of(scheme + text)
    except BadPicture:
        return
    if place.scheme and is_plain_authority(place):
        assert not set(place.authority) & set("?#%&=/\\ ")
        if place.scheme in ("s3", "gs"):
            assert not set(place.authority) & set(":@")
    assert isinstance(absolute_uri(scheme + text), str)


@pytest.mark.parametrize(
    ("root", "prefix", "options"),
    [
        ("/data/my pictures/", "/data/my pictures/", ""),
        ("file:///data/my%20pictures", "file:///data/my%20pictures/", ""),
        ("/", "/", ""),
        ("s3://bucket", "s3://bucket/", ""),
        ("s3a://bucket/a%20b/", "s3a://bucket/a%20b/", ""),
        ("s3://bucket/a?region=x&scheme=http", "s3://bucket/a/", "region=x&scheme=http"),
        ("hdfs://me@host:9000/a", "hdfs://me@host:9000/a/", ""),
    ],
)
def test_a_root_is_parted_into_a_place_and_options(root, prefix, options):
    assert (root_of(root).prefix, root_of(root).options) == (prefix, options)


@pytest.mark.parametrize("root", ["http://host/pictures", "https://host/pictures", "data:x", "file://host/x"])
def test_a_root_that_cannot_be_read_is_refused(root):
    with pytest.raises(BadPicture):
        root_of(root)
