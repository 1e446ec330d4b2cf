import pytest
import torch

from testkit.training_shards import candidate, item, rl_row, sft_row
from tests.unit.uninote_train.toy import ToyPreparer
from uninote_train.data.collate import NONE, rl_rows, sft_rows

GREY = torch.full((8, 8, 3), 9, dtype=torch.uint8).numpy()


def pictures(items):
    return {i: GREY for item in items for i in item["image_ids"]}


def test_an_item_is_prepared_once_however_often_it_is_offered():
    rows = [sft_row(note, 4, note) for note in range(4)]
    batch = sft_rows(rows, ToyPreparer(), pictures)
    offered = [[r["positive"], *r["candidates"]] for r in rows]
    names = [[c["item"]["item_id"] for c in group] for group in offered]
    assert batch.documents.items == len({n for group in names for n in group}) < sum(len(g) for g in names)
    assert batch.queries.items == 4
    by_index = {}
    for group, indexes in zip(names, batch.candidates.tolist(), strict=True):
        for name, index in zip(group, indexes, strict=True):
            assert by_index.setdefault(index, name) == name
    assert len(set(by_index.values())) == len(by_index)


def test_short_rows_are_filled_with_none_and_rows_without_a_scale_have_no_labels():
    long, short = sft_row(0, 9, 0), sft_row(1, 9, 1, negatives=1, labels=False)
    batch = sft_rows([long, short], ToyPreparer(), pictures)
    assert batch.candidates.shape == (2, 4)
    assert (batch.candidates[1] == NONE).tolist() == [False, False, True, True]
    assert batch.labels[0].tolist() == pytest.approx([0.9, 0.6, 0.5, 0.4])
    assert batch.labels[1].isnan().all()


def test_labels_have_the_temperature_of_their_row_or_of_their_scale_in_older_shards():
    own, older, judged = ({**sft_row(n, 9, n)} for n in range(3))
    own["label_temperature"] = 0.07
    del older["label_temperature"]
    judged |= {"label_from": "judge", "label_temperature": None}
    assert sft_rows([own, older, judged], ToyPreparer(), pictures).label_temperature.tolist() == pytest.approx(
        [0.07, 0.02, 0.1]
    )


def test_a_crop_is_cut_out_of_its_picture():
    shapes = {}

    class Spy(ToyPreparer):
        def prepare(self, items, pictures):
            from uninote_train.models.item_content import item_pixels

            shapes.update({i["kind"]: [p.shape for p in item_pixels(i, pictures)] for i in items})
            return super().prepare(items, pictures)

    row = sft_row(0, 9, 2)
    sft_rows(
        [row],
        Spy(),
        lambda items: {i: torch.zeros(100, 200, 3, dtype=torch.uint8).numpy() for x in items for i in x["image_ids"]},
    )
    assert shapes["crop"] == [(70, 110, 3)]  # of 100 x 200: 0.2 to 0.9 down, 0.25 to 0.8 across
    assert shapes["note"][0] == (100, 200, 3)


def test_a_lists_noise_is_its_own_whatever_stands_beside_it():
    one, other = rl_row(0, 9, 0), rl_row(1, 9, 1, noise=5)
    alone = rl_rows([one], [0], ToyPreparer(), pictures, rankings=3, seed=7).gumbel
    beside = rl_rows([other, one], [0, 0], ToyPreparer(), pictures, rankings=3, seed=7)
    assert torch.equal(beside.gumbel[1, :, : alone.shape[2]], alone[0])
    assert (beside.candidates[1] == NONE).sum() == 2
    again = rl_rows([one], [1], ToyPreparer(), pictures, rankings=3, seed=7).gumbel
    assert not torch.equal(again, alone)


def test_the_noise_is_gumbels():
    noise = rl_rows([rl_row(0, 9, n) for n in range(40)], [0] * 40, ToyPreparer(), pictures, rankings=200, seed=0).gumbel
    assert noise.mean().item() == pytest.approx(0.5772, abs=0.02)
    assert noise.var().item() == pytest.approx(1.645, abs=0.05)


def test_names_the_item_whose_picture_is_not_there():
    from schemas.errors import DataError

    row = sft_row(0, 9, 1)
    row["candidates"] = [candidate(item("note", 5, (0,), "x"), 0.1, "band")]
    with pytest.raises(DataError, match=r"item [0-9a-f]{32}: no pictures \['n5-0'\] beside the shard"):
        sft_rows([row], ToyPreparer(), lambda items: {"n0-0": GREY, "n0-1": GREY})
