"""The loop around an objective: gradients, processes, checkpoints, logs."""
