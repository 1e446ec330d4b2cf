"""jobs/judge_relevance.py: its settings, its flow, its report and last words. Ray is in `pipelines.actors`."""
