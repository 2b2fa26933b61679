"""A HubSpot sandbox in a process of its own, which tells its peak of memory in the end.

``python -m tests.sandbox.hubspot.serving ACCOUNTS FILE`` makes the file of data if it is missing and ends; if it is
there, it prints the address, waits for the end of its input, and prints the most bytes that it held.
"""

import resource
import sys
from pathlib import Path

from adapters.sandbox import Sandbox

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


def main() -> None:
    accounts, data = int(sys.argv[1]), Path(sys.argv[2])
    there = data.exists()
    with Sandbox(crms=("hubspot",), accounts=accounts, data=data) as sandbox:
        if there:
            print(sandbox.url, flush=True)
            sys.stdin.read()
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT, flush=True)


if __name__ == "__main__":
    main()
