"""Decodes picture files with limits on time and memory: in this process if the header bounds both, else in a worker process."""
