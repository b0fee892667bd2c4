"""Real peers and how each is driven; :mod:`rtckit.lab.peers.peer` is what they have in common."""
