"""The two consoles of all commands: results go to `out`, messages to `err`. Rich respects NO_COLOR and pipes.

Text from users or models is printed as `rich.text.Text`, because markup would drop its brackets.
"""

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would exit with 1; `raif_cli.output` knows that a reader may leave."""
        raise BrokenPipeError


out = _Console()
err = _Console(stderr=True)
