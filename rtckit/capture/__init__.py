"""Capture files to datagrams, and frames to capture files."""
