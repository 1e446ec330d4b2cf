"""Each step of ours against its peers: the same work, one run, one machine, each in a process of its own."""
