"""Files are told apart by their names, as cameras, downloaders and data sets write them."""

from collections import Counter

from pipelines.sources.picture_folder.folder_files import sort_files


def test_hidden_files_and_thumbnail_folders_are_left_out_and_camera_names_are_not():
    names = ["_DSC0001.JPG", "._DSC0001.JPG", ".cache/x.jpg", "__MACOSX/a.jpg", "@eaDir/a.jpg", "b/_MG_2.jpeg"]
    assert sort_files(names).pictures == ("_DSC0001.JPG", "b/_MG_2.jpeg")


def test_text_and_json_beside_a_picture_are_its_captions_and_no_tables():
    files = sort_files(["a.jpg", "a.txt", "a.jpg.json", "b.png", "b.json", "c.json", "README.md", "LICENSE", "notes.txt"])
    assert dict(files.sidecars) == {"a.jpg": ("a.txt", "a.jpg.json"), "b.png": ("b.json",)}
    assert files.tables == ("c.json",)
    assert files.texts == ("notes.txt",)
    assert files.ignored == Counter({"md": 1, "": 1})


def test_a_file_beside_two_pictures_is_the_caption_of_both():
    files = sort_files(["a.jpg", "a.png", "a.txt"])
    assert dict(files.sidecars) == {"a.jpg": ("a.txt",), "a.png": ("a.txt",)}


def test_compressed_tables_are_tables_and_archives_are_not():
    files = sort_files(["a.jpg", "captions.csv.gz", "x.tar.gz", "_old.csv"])
    assert files.tables == ("captions.csv.gz",)
    assert files.ignored == Counter({"gz": 1, "csv": 1})
