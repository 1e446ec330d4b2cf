"""Pictures that are not where the notes say: where they are instead is looked for on the disk."""

import os

import pytest

from pipelines.flows.mine_pairs.missing_pictures import first_files, missing_message, other_roots, stops, suggestion


def place(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def suggested(root, uris):
    exists = lambda folder, uri: os.path.isfile(os.path.join(folder, uri))  # noqa: E731
    return suggestion(uris, other_roots(str(root)), str(root), exists)


def test_the_root_under_which_the_pictures_are_is_suggested(tmp_path):
    place(tmp_path, *[f"data/images/{k}.jpg" for k in range(4)])
    right = tmp_path / "data"
    uris = [f"images/{k}.jpg" for k in range(4)]
    assert suggested(tmp_path, uris) == f"with --image-root {right} 4 of 4 are there"
    assert suggested(right / "images", uris) == f"with --image-root {right} 4 of 4 are there"


@pytest.mark.parametrize(
    ("on_disk", "uri", "expected"),
    [
        ("a b.jpg", "a%20b.jpg", "1 of 1 are there with %20 and the like decoded"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg", "1 of 1 are there in Unicode's decomposed form (NFD, as macOS writes names)"),
        ("caf\u00e9.jpg", "cafe\u0301.jpg", "1 of 1 are there in Unicode's composed form (NFC)"),
        ("a.jpg", "A.JPG", "1 of 1 are there in lower case"),
        ("a.jpg", "a.jpeg", "1 of 1 are there with the ending .jpg"),
        ("x/a.jpg", "x\\a.jpg", "1 of 1 are there with / instead of \\"),
        ("a.jpg", "old/place/a.jpg", "1 of 1 are there by the last part of their path"),
    ],
)
def test_the_spelling_in_which_the_pictures_are_there_is_named(tmp_path, on_disk, uri, expected):
    place(tmp_path, on_disk)
    assert suggested(tmp_path, [uri]) == expected


def test_nothing_is_suggested_where_nothing_helps(tmp_path):
    place(tmp_path, "a.jpg", "images/0.jpg")
    assert suggested(tmp_path, ["b.jpg"]) is None
    assert suggested(tmp_path, [f"{k}.jpg" for k in range(4)]) is None
    assert suggested(tmp_path / "nowhere", ["x/y.jpg"]) is None


def test_a_hostile_uri_does_not_look_for_files_outside_of_a_root(tmp_path):
    place(tmp_path, "secret.txt", "images/a.jpg")
    for uri in ("../secret.txt", "x/../../secret.txt", "%2e%2e/secret.txt", "..\\secret.txt", f"%2F{tmp_path}/secret.txt"):
        assert suggested(tmp_path / "images", [uri]) is None


def test_the_job_stops_only_where_the_sample_makes_it_certain():
    assert [stops(missing, 200, 0.2) for missing in (0, 60, 100, 101, 200)] == [False, False, False, True, True]
    assert not stops(110, 200, 0.5)
    assert not stops(200, 200, 1.0)


def test_the_message_has_two_examples_of_each_side(tmp_path):
    place(tmp_path, "photos/b.jpg", "photos/a.jpg", "photos/c.jpg", ".hidden")
    message = missing_message(
        {"missing file": 3}, 3, ["i/2.jpg", "i/1.jpg", "i/3.jpg"], "/data", first_files(str(tmp_path)), None
    )
    assert message == (
        "images: 3 of 3 pictures that were looked for cannot be read (3 missing file). Notes name 'i/1.jpg', 'i/2.jpg'; "
        "the image root /data has 'photos/a.jpg', 'photos/b.jpg'; check --image-root (relative uris count from there), "
        "blanks, upper and lower case, NFC and NFD names"
    )
    assert "has no file; check" in missing_message(
        {"missing file": 1}, 1, ["a"], "/data", first_files(str(tmp_path / "no")), None
    )


def test_links_out_of_the_root_are_named_with_the_setting():
    message = missing_message({"outside the image root": 3}, 3, ["i/1.jpg"], "/data", ["i/1.jpg"], None)
    assert "links out of the image root are not followed; to follow them: --set intake.any_uri=true; check" in message


def test_a_large_root_is_listed_in_part(tmp_path):
    place(tmp_path, *[f"{k}/{j}.jpg" for k in range(40) for j in range(60)])
    assert len(first_files(str(tmp_path))) < 1200
