"""How an ordinary user gets a laboratory: in a user namespace of his own he is root."""

import os
import sys

__all__ = ["become_root_of_own"]

_MARK = "RTCKIT_LAB_UNSHARED"


def become_root_of_own() -> None:
    """Run this command again inside of a user namespace, where that is what is missing.

    Does nothing for who may make network namespaces already, and where user namespaces are refused:
    what then fails says why. Replaces the process, so that its id stays the same.
    """
    if os.environ.get(_MARK):
        return
    from rtckit.lab.capabilities import probe
    from rtckit.lab.doctor import can_unshare

    if probe("netns") is None or can_unshare() is not None:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    command = ["unshare", "-Ur", sys.executable, "-m", "rtckit", *sys.argv[1:]]
    os.execvpe(command[0], command, {**os.environ, _MARK: "1"})
