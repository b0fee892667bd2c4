"""What happened: packets and descriptions become flows, sessions, streams and a call.

Nothing here judges; :mod:`rtckit.rules` does. Everything is fed packets in capture order and keeps
only what it concludes, so memory follows the call, not the file.
"""
