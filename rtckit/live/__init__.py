"""Sockets: STUN, TURN and ICE on real networks."""
