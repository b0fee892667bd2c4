"""Findings and analyses drawn: as text for a terminal and as JSON for scripts."""
