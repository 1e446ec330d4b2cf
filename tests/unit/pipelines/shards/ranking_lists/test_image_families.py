import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from pipelines.shards.ranking_lists.image_families import families

FILES = st.sampled_from("abcdefgh")


@given(st.lists(FILES, max_size=6), st.lists(st.tuples(FILES, FILES), max_size=8))
def test_families_are_the_components_of_the_pairs_around_the_note(files, pairs):
    near = {f: sorted({r for q, r in pairs if q == f} | {q for q, r in pairs if r == f}) for f in files}
    graph = nx.Graph([(f, other) for f in files for other in near[f]])
    graph.add_nodes_from(files)
    found = families(files, [near[f] for f in files])
    for i, one in enumerate(files):
        for j, other in enumerate(files):
            assert (found[i] == found[j]) == nx.has_path(graph, one, other)
    assert list(dict.fromkeys(found)) == list(range(len(set(found))))


def test_two_copies_of_a_picture_in_another_note_are_one_family():
    assert families(["a", "b", "c"], [["x"], ["x"], []]) == [0, 0, 1]
