from threading import Thread

import pytest

from pipelines.judge.budget import BudgetSpent, LocalBudget
from pipelines.judge.preset import JudgeServer


def test_threads_together_stay_within_the_budget():
    budget = LocalBudget(JudgeServer(max_requests=50))
    refused = []

    def spend():
        for _ in range(20):
            try:
                budget.reserve(10)
            except BudgetSpent:
                refused.append(1)

    threads = [Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.spending().requests == 50 and len(refused) == 110


def test_the_servers_count_replaces_the_estimate():
    budget = LocalBudget(JudgeServer(price_in=2e6, price_out=1e6, max_cost=100))
    budget.reserve(10)
    assert budget.spending().cost == pytest.approx(21)
    budget.settle(10, 30)
    assert budget.spending() == budget.spending().__class__(1, 30, pytest.approx(61))
    budget.reserve(10)
    with pytest.raises(BudgetSpent, match=r"max_cost = 100.*82"):
        budget.reserve(10)
    for implausible in (None, 0, -(10**12)):
        budget.settle(10, implausible)
    assert (budget.spending().requests, budget.spending().tokens) == (2, 40)
