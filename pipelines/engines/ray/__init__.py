"""Ray: connect to a cluster, actor pools that survive a dead actor, finished chunks on disk. Knows no step."""
