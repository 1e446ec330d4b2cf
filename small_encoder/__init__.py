"""The small network that this project trains and ships: the network, its inputs, its weights file.

The trainer (uninote_train) and the encoder (pipelines/encode) both import this package; it imports schemas alone.
"""
