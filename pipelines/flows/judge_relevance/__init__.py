"""jobs/judge_relevance.py (Ray): score (query, candidate) pairs with a judge, calibrated, within a budget."""
