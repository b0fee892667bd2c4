"""Real browsers that perform single operations of a negotiation and tell what came of each."""
