"""The command line. What is set here makes it start faster, and compute faster on a busy machine."""

import gc
import os
import sys

try:
    import raif  # noqa: F401 (it says on which systems it runs)
except ImportError as error:
    sys.stderr.write(f"Error: {error}\n")
    sys.exit(2)

gc.set_threshold(50_000)  # what imports make stays: looking for garbage in it takes a tenth of the time
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it looks through all installed packages
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when PyTorch is loaded, here and in servers
# A spinning thread would take the core that the thread it waits for needs (`benchmarks/busy_machine.py`).
