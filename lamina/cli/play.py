"""`lamina play`: a page on which real networks train live."""

from __future__ import annotations

from typing import Annotated

import typer

from ..play.server import Server
from .screen import make_console


def play(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> int:
    """Watch real networks train: choose data, layers and optimizer; pause, step, go back.

    The page is served to this machine alone, at an address with a random part, until Ctrl-C. It
    needs nothing from elsewhere (extra `play`).
    """
    import webbrowser

    server = Server(port)
    console = make_console()
    console.print(f"The page is at {server.address}  (Ctrl-C ends it)", soft_wrap=True)
    if browser:
        webbrowser.open(server.address)
    try:
        server.run()
    except KeyboardInterrupt:
        console.print("ended")
    finally:
        server.close()
    return 0
