"""Ray: a cluster or this machine, and pools of actors that outlive a dead one. What the actors do is elsewhere, without Ray."""
