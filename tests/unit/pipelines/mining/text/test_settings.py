"""Settings that would break the guarantee are refused, with every fault at once."""

import pytest

from pipelines.mining.text.settings import PartialText
from schemas.errors import SettingsError


def test_the_window_keeps_the_guarantee():
    settings = PartialText(min_shared_chars=28, gram_columns=16)
    assert settings.gram_columns + 2 * (settings.gram_window - 1) <= settings.min_shared_chars


def test_refuses_a_gram_wider_than_a_passage():
    with pytest.raises(SettingsError, match=r"partial_text.gram_columns: expected 1 to min_shared_chars \(28\), got 40"):
        PartialText(gram_columns=40)


def test_names_every_fault():
    with pytest.raises(
        SettingsError, match="link_reach: expected at least 1, got 0.*max_document_frequency: .*got 1.*edit_cost: .*got 2"
    ):
        PartialText(link_reach=0, max_document_frequency=1, edit_cost=2)
