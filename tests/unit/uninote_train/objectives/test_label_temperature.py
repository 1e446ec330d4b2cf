"""The temperature of the soft labels: each row's own, unless the settings name one."""

import numpy as np
import pytest
import torch.nn.functional as F

from testkit.training_shards import sft_row
from tests.unit.uninote_train.toy import Toy, ToyPreparer
from uninote_train.data.collate import sft_rows
from uninote_train.objectives.contrastive import ContrastiveObjective
from uninote_train.objectives.settings import ContrastiveLoss
from uninote_train.process.processes import Processes

GREY = np.full((8, 8, 3), 9, np.uint8)


def softmax(values):
    powers = np.exp(values - values.max())
    return powers / powers.sum()


def by_hand(cosines, temperature):
    p, q = softmax(cosines / 0.02), softmax(np.array([0.9, 0.6, 0.5, 0.4]) / temperature)
    return 0.5 * (p * np.log(p / q)).sum() + 0.5 * (q * np.log(q / p)).sum()


@pytest.mark.parametrize(("setting", "used"), [(None, (0.02, 0.1)), (0.3, (0.3, 0.3))])
def test_each_row_has_its_own_unless_one_is_set(setting, used):
    rows = [sft_row(n, 9, n) for n in range(2)]
    rows[1] |= {"label_from": "judge", "label_temperature": 0.1}
    batch = sft_rows(rows, ToyPreparer(), lambda items: {i: GREY for item in items for i in item["image_ids"]})
    model = Toy().double()
    vectors = [F.normalize(model.net(b.tensors["x"].double()), dim=-1) for b in (batch.queries, batch.documents)]
    objective = ContrastiveObjective(ContrastiveLoss(kind="symmetric_kl", label_temperature=setting), (16,), Processes(0, 1))
    found = objective.loss(vectors, batch, None).rows.detach().numpy()
    queries, documents = (v.detach().numpy() for v in vectors)
    for n, temperature in enumerate(used):
        cosines = documents[batch.candidates[n].numpy()] @ queries[batch.query[n]]
        assert found[n] == pytest.approx(by_hand(cosines, temperature), rel=1e-5)
