"""The trainer: shards in, an encoder out. It knows shards (schemas/training.py), not how they were mined."""
