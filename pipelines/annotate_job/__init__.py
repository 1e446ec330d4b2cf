"""jobs/annotate_images.py: its settings, its stages in order, its last words. Ray is in `pipelines.actors`."""
