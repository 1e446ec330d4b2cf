"""A vision-language model as a judge: the relevance of a candidate to a query (docs/explanation/method.md, section 5)."""
