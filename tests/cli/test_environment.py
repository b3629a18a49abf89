"""What the command line sets before PyTorch is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="other OpenMP libraries print it otherwise")
@pytest.mark.parametrize(("given", "found"), [(None, "PASSIVE"), ("active", "ACTIVE")])
def test_threads_that_wait_sleep_unless_the_user_chose(given: str | None, found: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_DISPLAY_ENV": "true"} | ({"OMP_WAIT_POLICY": given} if given else {})
    result = subprocess.run(
        [sys.executable, "-c", "import raif_cli.main; import torch; torch.zeros(1)"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert f"OMP_WAIT_POLICY = '{found}'" in result.stderr.replace("[host] ", "")
