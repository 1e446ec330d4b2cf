"""MLLM as a judge: how relevant a candidate is to a query (METHOD.md, section 5)."""
