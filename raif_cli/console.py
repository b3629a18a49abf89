"""The two consoles of every command: results go to `out`, talk to `err`. Rich minds NO_COLOR and pipes.

Text that comes from users or models is printed as `rich.text.Text`: as markup, its brackets would vanish.
"""

from rich.console import Console

out = Console()
err = Console(stderr=True)
