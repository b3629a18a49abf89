"""The two consoles of all commands: results go to `out`, messages to `err`. Rich respects NO_COLOR and pipes.

Text from users or models is printed as `rich.text.Text`, because markup would drop its brackets.
"""

from rich.console import Console

out = Console()
err = Console(stderr=True)
