from threading import Thread

import pytest

from pipelines.judge.budget import Budget, Spent
from pipelines.judge.preset import Asking


def test_threads_together_send_no_more_than_the_budget():
    budget = Budget(Asking(max_requests=50))
    refused = []

    def work():
        for _ in range(20):
            try:
                budget.take(10)
            except Spent:
                refused.append(1)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.bill().requests == 50 and len(refused) == 110


def test_what_the_server_counted_takes_the_place_of_the_estimate():
    budget = Budget(Asking(price_in=2e6, price_out=1e6, max_cost=100))
    budget.take(10)
    assert budget.bill().cost == pytest.approx(21)
    budget.settle(10, 30)
    assert budget.bill() == budget.bill().__class__(1, 30, pytest.approx(61))
    budget.take(10)
    with pytest.raises(Spent, match=r"max_cost = 100.*82"):
        budget.take(10)
    for nothing in (None, 0, -(10**12)):
        budget.settle(10, nothing)
    assert (budget.bill().requests, budget.bill().tokens) == (2, 40)
