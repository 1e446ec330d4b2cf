"""The second stage's loss, through the objective that a run uses."""

import math

import pytest
import torch

from testkit.training_shards import rl_row, sft_row
from tests.unit.uninote_train.toy import Toy, ToyPreparer
from uninote_train.data.collate import ListsAndPairs, rl_rows, sft_rows
from uninote_train.objectives.contrastive import ContrastiveObjective
from uninote_train.objectives.ranking_rl import RankingObjective
from uninote_train.objectives.replay import ReplayObjective
from uninote_train.objectives.rl.reference_model import ReferenceModel
from uninote_train.objectives.settings import ContrastiveLoss, RankingLoss
from uninote_train.process.processes import Processes

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


def moved(model, size=0.2):
    with torch.no_grad():
        for p in model.parameters():
            p += size * torch.randn(p.shape, generator=torch.Generator().manual_seed(1))


def gradient(model, whole, rows):
    model.zero_grad()
    step(model, whole, rows).value.backward()
    return torch.cat([p.grad.reshape(-1) for p in model.parameters()])


@pytest.mark.parametrize("policy", POLICIES)
def test_kl_turns_the_gradient_once_the_model_has_moved(policy):
    """As a sum over ten candidates the policy's gradient was a thousand times KL's, and weights of 0 and 1 gave one result."""
    model, rows = Toy(), rows_of(*(rl_row(n, 9, n) for n in range(6)))
    free, tied = (objective(model, policy=policy, kl=weight) for weight in (0.0, 1.0))
    torch.testing.assert_close(gradient(model, free, rows), gradient(model, tied, rows))  # at the start there is no KL
    moved(model)
    without, with_kl = gradient(model, free, rows), gradient(model, tied, rows)
    assert (with_kl - without).norm() > 0.1 * without.norm()


def test_kl_is_that_of_a_loop_over_all_documents_of_the_step():
    model, rows = Toy(), rows_of(rl_row(0, 9, 0), rl_row(1, 9, 1), rl_row(4, 9, 2))
    start = Toy()
    whole = objective(model, kl=1.0, temperature=0.3)
    moved(model)
    expected = []
    for n in range(3):
        p, q = ((m(rows.documents) @ m(rows.queries)[rows.query[n]] / 0.3).softmax(0) for m in (model, start))
        assert len(p) > 5  # more than the list's own
        expected.append((p * (p / q).log()).sum().item())
    assert step(model, whole, rows).metrics["kl"].item() == pytest.approx(sum(expected) / 3, rel=1e-4)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_list_in_perfect_order_has_no_gradient_and_is_counted(policy):
    model, rows = Toy(), rows_of(rl_row(0, 9, 0))
    whole = objective(model, policy=policy, kl=0.0)
    query, documents = model(rows.queries).detach(), torch.zeros(5, 16)
    for place, cosine in zip(rows.candidates[0].tolist(), (0.9, 0.8, 0.5, 0.6, 0.1), strict=True):  # the noise in any order
        documents[place] = cosine * query[0]
    documents.requires_grad_()
    loss = whole.loss([query, documents], rows, whole.prepare_step(rows))
    assert loss.metrics["perfect_lists"].item() == 1 and loss.metrics["skipped_groups"].item() == 0
    assert loss.value.item() == 0
    loss.value.backward()
    assert documents.grad.abs().sum() == 0


def test_the_control_has_no_reward_and_goes_on_where_the_order_is_perfect():
    rows = rows_of(rl_row(0, 9, 0))
    model = Toy()
    whole = objective(model, policy="info_nce", kl=0.0, temperature=0.5)
    scores = (model(rows.documents)[rows.candidates[0]] @ model(rows.queries)[0]).tolist()
    losses = [-math.log(math.exp(s / 0.5) / sum(math.exp(x / 0.5) for x in (s, *scores[2:]))) for s in scores[:2]]
    assert step(model, whole, rows).value.item() == pytest.approx(sum(losses) / 2, rel=1e-5)
    assert step(model, whole, rows).metrics["perfect_lists"].item() == 0


def test_replay_adds_the_gradient_of_the_rows_to_that_of_the_lists():
    model, lists = Toy(), rows_of(rl_row(0, 9, 0), rl_row(1, 9, 1))
    pairs = sft_rows(
        [sft_row(n, 9, n) for n in range(4)], ToyPreparer(), lambda items: {i: GREY for x in items for i in x["image_ids"]}
    )
    ranking = objective(model, kl=0.0)
    contrastive = ContrastiveObjective(ContrastiveLoss(dims=(16,)), (16,), Processes())
    both = ReplayObjective(ranking, contrastive, 0.5)
    rows = ListsAndPairs(lists, pairs)
    of_lists, of_pairs, together = (gradient(model, o, r) for o, r in ((ranking, lists), (contrastive, pairs), (both, rows)))
    torch.testing.assert_close(together, of_lists + 0.5 * of_pairs)
    loss = step(model, both, rows)
    assert loss.rows.shape == (6,) and rows.ids[:3] == ("list-0000", "list-0001", "pair-0000")
    assert loss.metrics["replay_loss"].item() == pytest.approx(step(model, contrastive, pairs).value.item())


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
