"""[match] is flat, whatever part a key belongs to, and its old names work for one release."""

import pytest

from pipelines.flows.mine_pairs.settings import MinePairs
from pipelines.mining.images.candidates.candidate_step import CandidateCaps
from pipelines.mining.images.candidates.index_keys import IndexKeys
from pipelines.mining.images.note_pairs_step import PlaceCap
from schemas.settings import as_tree, load_settings

OLD_NAMES = {
    "match.words": "match.indexed_features",
    "match.flips": "match.probe_bits",
    "match.verification.steps": "match.verification.refinement_steps",
}


def test_the_section_match_has_the_keys_of_all_parts():
    match = load_settings(MinePairs, None, ["match.probe_bits=3", "match.max_candidates=8", "match.max_shown=4"], {}).match
    assert (match.probe_bits, match.max_candidates, match.max_shown) == (3, 8, 4)
    assert isinstance(match, IndexKeys) and isinstance(match, CandidateCaps) and isinstance(match, PlaceCap)
    assert set(as_tree(match)) == {
        "indexed_features", "probe_bits", "hash_radius", "max_pictures_per_key", "chain_links", "max_candidates", "max_shown",
        "matching", "verification", "max_flat_shown",
    }  # fmt: skip


@pytest.mark.parametrize(("old", "new"), OLD_NAMES.items())
def test_an_old_name_sets_the_new_key_and_says_so(old, new, capsys):
    renamed = load_settings(MinePairs, None, [f"{old}=5"], {})
    assert renamed == load_settings(MinePairs, None, [f"{new}=5"], {})
    assert f"{old.rsplit('.')[-1]} is now {new.rsplit('.')[-1]}" in capsys.readouterr().err


def test_both_whole_and_inside_keep_their_old_names():
    assignments = ["match.verification.whole=0.7", "match.verification.inside=0.75", "match.verification.overexposed=0.6"]
    verification = load_settings(MinePairs, None, assignments, {}).match.verification
    assert verification.min_copy_coverage == 0.7
    assert verification.min_crop_coverage == 0.75
    assert verification.min_overexposed_structure == 0.6
