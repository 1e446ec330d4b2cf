"""MLLM as a judge: how relevant a candidate is to a query (method.md, section 5)."""
