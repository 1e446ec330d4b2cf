"""Components of made-up graphs: Spark says what networkx says."""

import networkx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.mining.components.connected_components import FEW_LINKS, connected_components

NOTE = st.integers(0, 40).map(lambda i: f"n{i}")


@pytest.mark.parametrize("few_links", [0, FEW_LINKS])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges=st.lists(st.tuples(NOTE, NOTE), min_size=1, max_size=45))
def test_labels_every_note_with_the_smallest_of_its_component(spark, few_links, edges):
    rows = connected_components(spark.createDataFrame(edges, "l string, r string"), few_links=few_links).collect()
    parts = networkx.connected_components(networkx.Graph(edges))
    assert sorted(map(tuple, rows)) == sorted((note, min(part)) for part in parts for note in part)
