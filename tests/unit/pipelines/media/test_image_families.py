"""Families of a corpus and of one note, against networkx; where all pairs are at hand the two agree."""

import networkx as nx
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.media.image_families import families_in_note, image_families

FILES = st.sampled_from("abcdefgh")
PAIRS = st.lists(st.tuples(FILES, FILES), max_size=8)


def neighbours(files, pairs):
    return [sorted({r for q, r in pairs if q == f} | {q for q, r in pairs if r == f}) for f in files]


def graph_of(files, pairs):
    graph = nx.Graph(pairs)
    graph.add_nodes_from(files)
    return graph


@given(st.lists(FILES, max_size=6), PAIRS)
def test_families_in_a_note_are_the_components_of_the_pairs_around_it(files, pairs):
    near = neighbours(files, pairs)
    graph = graph_of(files, [(f, other) for f, others in zip(files, near, strict=True) for other in others])
    families = families_in_note(files, near)
    for i, one in enumerate(files):
        for j, other in enumerate(files):
            assert (families[i] == families[j]) == nx.has_path(graph, one, other)
    assert list(dict.fromkeys(families)) == list(range(len(set(families))))


@given(st.lists(FILES, max_size=6), PAIRS)
def test_families_of_a_corpus_are_the_components_of_all_pairs(files, pairs):
    images = pa.table({"image_id": [f"i{k}" for k in range(len(files))], "sha256": pa.array(files, pa.string())})
    columns = {side: pa.array([pair[k] for pair in pairs], pa.string()) for k, side in enumerate(("sha256_l", "sha256_r"))}
    families = image_families(images, pa.table(columns))
    graph = graph_of(files, pairs)
    assert list(families) == images["image_id"].to_pylist()
    for i, one in enumerate(files):
        for j, other in enumerate(files):
            assert (families[f"i{i}"] == families[f"i{j}"]) == nx.has_path(graph, one, other)


@given(PAIRS)
def test_a_note_that_has_all_images_has_the_families_of_the_corpus(pairs):
    files = list("abcdefgh")
    columns = {side: pa.array([pair[k] for pair in pairs], pa.string()) for k, side in enumerate(("sha256_l", "sha256_r"))}
    corpus = list(image_families(pa.table({"image_id": files, "sha256": files}), pa.table(columns)).values())
    note = families_in_note(files, neighbours(files, pairs))
    assert len(set(zip(corpus, note, strict=True))) == len(set(corpus)) == len(set(note))


def test_two_copies_of_a_picture_in_another_note_are_one_family():
    assert families_in_note(["a", "b", "c"], [["x"], ["x"], []]) == [0, 0, 1]
