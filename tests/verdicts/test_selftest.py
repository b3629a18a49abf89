from __future__ import annotations

import subprocess
import sys

from raif.constraints import registered
from raif.verdicts.selftest import selftest

WRONG = """
from raif.constraints import kind as kinds
from raif_cli.main import run
@kinds.variant("punctuation:no_comma", "here", examples=(kinds.Example(True, "a, b", {}),))
def wrong(response): return kinds.Outcome(False, "")
run()
"""


def command(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, "verify", "--selftest"], capture_output=True, text=True, check=False
    )


def test_every_kind_and_variant_has_the_verdicts_it_claims() -> None:
    proofs = selftest()
    assert [(proof.id, proof.semantics) for proof in proofs] == registered()
    assert [proof for proof in proofs if proof.wrong] == []


def test_kind_that_claims_another_verdict_is_said_by_the_exit_code() -> None:
    result = command(WRONG)
    assert result.returncode == 1
    assert "1 wrong" in result.stderr
    assert result.stdout.count("WRONG") == 1
