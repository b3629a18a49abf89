"""The command line. What is set here makes it start faster."""

import gc
import os

gc.set_threshold(50_000)  # what imports make stays: looking for garbage in it takes a tenth of the time
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it looks through all installed packages
