"""The `raif` command: its subcommands, and the one place that turns the user's errors into messages."""

from __future__ import annotations

import errno
import sys

import typer

from raif import __version__
from raif.errors import RaifError, UnhealthyRun
from raif.files.whole import FULL
from raif_cli import convert, eval, export, gen_data, presets, report, serve, train, verify
from raif_cli.exits import Exit
from raif_cli.output import Commands, reopen
from raif_cli.resume import ResumableCommand

app = typer.Typer(
    name="raif",
    cls=Commands,
    help="Make language models follow complex instructions by reasoning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


_SPACE = "Free some space; what is finished is kept, and --resume continues from it."
DISK = {
    **dict.fromkeys(FULL, _SPACE),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "Give a folder that can be written to."),
}
"""Errors of the disk that the user can do something about, and what."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"raif {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    pass


app.command("gen-data")(gen_data.gen_data)
app.command("verify")(verify.verify)
app.command("convert")(convert.convert)
app.command("train", cls=ResumableCommand)(train.train)
app.command("export")(export.export)
app.command("report")(report.report)
app.command("serve")(serve.serve)
app.add_typer(eval.app, name="eval")
app.add_typer(presets.app, name="presets")


def run() -> None:
    """The entry point."""
    try:
        _run()
    except SystemExit as end:
        process = sys.modules.get("raif.train.launch")
        if process and process.connected:
            process.leave(int(end.code or 0))
        raise


def _run() -> None:
    """The user's mistakes get a message, ours a full traceback."""
    reopen()
    try:
        app()
    except RaifError as error:
        # plain text on purpose: Rich markup would drop the brackets of "pip install 'raif[train]'"
        sys.stderr.write(f"Error: {error.message}\n" + (f"{error.hint}\n" if error.hint else ""))
        sys.exit(Exit.UNHEALTHY if isinstance(error, UnhealthyRun) else Exit.USAGE)
    except OSError as error:
        if error.errno not in DISK:
            raise
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"Error: {where}{error.strerror}\n{DISK[error.errno]}\n")
        sys.exit(Exit.USAGE)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
