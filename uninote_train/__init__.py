"""The trainer: shards in, an encoder out. It knows shards (schemas/shards.py), not how they were mined."""
