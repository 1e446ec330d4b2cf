"""Losses of the contrastive stage: pure functions of scores. Each returns one value a row; who calls takes the mean."""
