"""The laboratory: namespaces, NATs, coturn and real peers, and the recording of real calls.

Everything here needs a Linux machine and mostly root; :mod:`rtckit.lab.capabilities` says what is
there and how to get what is not.
"""
