"""Turns the customer base in a CRM into a managed customer portfolio."""

import os
import sys

__version__ = "0.1.0"

# Arrow's default allocator keeps what a batch has taken, thread by thread, beside what the next one takes: a fifth more
# memory in all. It is chosen when Arrow is loaded, so before that.
if sys.platform == "linux":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
