"""Standard output that is closed early or runs full, and programs that are told to end."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from raif.errors import RaifError
from raif.files.whole import FULL
from raif_cli.exits import Exit


class Commands(TyperGroup):
    """All commands: none takes it for a mistake that nobody reads its output any more, as `head` does.

    A Ctrl-C that a command has no answer to is said here: Typer ends without a word.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            with whole_output():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.stderr.write("Interrupted\n")
            raise


def reopen() -> None:
    """Give a program that was started with a closed stream, as by `>&-`, one that goes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (stays open)


@contextmanager
def whole_output() -> Iterator[None]:
    """End quietly if nobody reads stdout any more, and in one line if its disk is full."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # else it fails as Python ends
    except BrokenPipeError:
        _discard()
        raise typer.Exit(Exit.PIPE_CLOSED) from None
    except OSError as error:
        if error.filename or error.errno not in FULL or not _can_be_full():
            raise
        _discard()
        raise RaifError(
            f"standard output: {error.strerror}", "Free some space and run the command again."
        ) from None


@contextmanager
def resumable() -> Iterator[None]:
    """On Ctrl-C, say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(
            "Interrupted. What has arrived is kept. To resume: the same command with --resume.", err=True
        )
        raise typer.Exit(Exit.INTERRUPTED) from None


@contextmanager
def ended_cleanly() -> Iterator[None]:
    """On SIGTERM, end as on an error: child processes and temporary folders are cleaned up."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _can_be_full() -> bool:
    """Whether stdout is on a disk. If not, the disk of another file is full."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except OSError:  # there is no file
        return False
    return not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdout.isatty())


def _discard() -> None:
    """What is still in the buffer would fail again as Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
