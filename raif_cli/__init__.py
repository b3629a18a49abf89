"""The command line. What is set here makes it start faster."""

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
