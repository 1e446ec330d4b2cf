"""One folder a job, named as the job: its stages in order, its settings, its closing summary."""
