"""``python -m rtckit``."""

import sys

from rtckit.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
