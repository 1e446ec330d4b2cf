"""The second stage's loss, through the objective that a run uses."""

import pytest
import torch

from testkit.training_shards import rl_row
from tests.unit.uninote_train.toy import Toy, ToyPreparer
from uninote_train.data.collate import rl_rows
from uninote_train.objectives.ranking_rl import RankingObjective
from uninote_train.objectives.rl.reference_model import ReferenceModel
from uninote_train.run.processes import Processes
from uninote_train.settings import RankingLoss

GREY = torch.full((8, 8, 3), 9, dtype=torch.uint8).numpy()
POLICIES = ("item_softmax", "positive_advantage", "plackett_luce")


def rows_of(*rows):
    return rl_rows(rows, [0] * len(rows), ToyPreparer(), lambda items: {i: GREY for x in items for i in x["image_ids"]}, 64, 0)


def objective(model, **settings):
    return RankingObjective(RankingLoss(**settings), model.dimensions, ReferenceModel(model, 0, torch.no_grad), Processes())


def step(model, whole, rows):
    vectors = [model(b) for b in whole.inputs(rows)]
    return whole.loss(vectors, rows, whole.prepare_step(rows))


@pytest.mark.parametrize("policy", POLICIES)
def test_the_gradient_is_not_zero_and_takes_a_noise_candidate_down(policy):
    """A list with noise on top: every policy's step lowers its cosine against the relevant ones'."""
    model, rows = Toy(), rows_of(rl_row(0, 9, 0))
    query = model(rows.queries)[0].detach()
    documents = torch.nn.functional.normalize(torch.randn(5, 16, generator=torch.Generator().manual_seed(0)), dim=-1)
    noise = int(rows.candidates[0, 4])
    documents[noise] = torch.nn.functional.normalize(query + 0.1 * documents[noise], dim=-1)  # the best of all
    vectors = documents.clone().requires_grad_()
    whole = objective(model, policy=policy, kl=0.0, temperature=0.5)
    loss = whole.loss([query[None], vectors], rows, whole.prepare_step(rows))
    loss.value.backward()
    assert vectors.grad.abs().sum() > 1e-3
    rows_to = torch.nn.functional.normalize(documents - 0.05 * vectors.grad, dim=-1)
    relevant = rows.candidates[0, :2]
    before, after = ((d[noise] @ query) - (d[relevant] @ query).mean() for d in (documents, rows_to))
    assert after < before - 1e-4


@pytest.mark.parametrize("policy", POLICIES)
def test_a_list_whose_rewards_are_equal_is_skipped_and_counted(policy):
    """Relevant ones only, alike: no advantage; its neighbour's loss is what it would be alone."""
    one, other = rl_row(0, 9, 0), rl_row(1, 9, 1)
    other["candidates"], other["relevant"] = other["candidates"][2:], 0  # noise alone: every reward is 0
    model = Toy()
    whole = objective(model, policy=policy, kl=0.0)
    together, alone = step(model, whole, rows_of(one, other)), step(model, whole, rows_of(one))
    assert together.metrics["skipped_groups"].item() == 1
    assert alone.metrics["skipped_groups"].item() == 0
    torch.testing.assert_close(together.value, alone.value)
    nothing = step(model, whole, rows_of(other))
    assert nothing.value.item() == 0


def test_frozen_documents_have_no_gradient_and_stay_where_they_were():
    model = Toy()
    whole = objective(model, frozen_documents=True, kl=0.0)
    rows = rows_of(rl_row(0, 9, 0))
    start = whole.prepare_step(rows).documents
    assert len(whole.inputs(rows)) == 1
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1
    torch.testing.assert_close(whole.prepare_step(rows).documents, start)
    assert not torch.allclose(model(rows.documents), start)


def test_the_policy_is_kept_near_the_model_at_the_start():
    model = Toy()
    whole = objective(model, kl=2.0)
    rows = rows_of(rl_row(0, 9, 0), rl_row(1, 9, 1))
    assert step(model, whole, rows).metrics["kl"].item() == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.2 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1))
    far, free = step(model, whole, rows), step(model, objective(model, kl=0.0), rows)
    assert far.metrics["kl"].item() > 1e-3
    torch.testing.assert_close(far.value - 2.0 * far.metrics["kl"], free.value)


def test_a_second_update_uses_the_rankings_of_the_first():
    model = Toy()
    whole = objective(model, policy="plackett_luce", updates=2, kl=0.0)
    rows = rows_of(rl_row(0, 9, 0))
    state = whole.prepare_step(rows)
    whole.loss([model(b) for b in whole.inputs(rows)], rows, state)
    rankings, before = state.rankings.clone(), state.log_old.clone()
    with torch.no_grad():
        for p in model.parameters():
            p += 0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1))
    whole.loss([model(b) for b in whole.inputs(rows)], rows, state)
    assert torch.equal(state.rankings, rankings)
    assert torch.equal(state.log_old, before)
    assert state.rankings.shape == (1, 64, 5)
