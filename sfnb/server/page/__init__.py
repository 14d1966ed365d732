"""The web page of `sfnb serve`: state machines, their executions, and a live look into each.

The server answers with one and the same empty page for every address, with JSON, and with what a button
does; what is seen is made in the browser, in `static/`. So nothing that came from a definition, an input or
a task is ever put into HTML: it is set as text. The drawing, the slider and the panel of an execution are
those of the notebook's live view, fed by requests instead of a kernel.

Reading changes nothing and is for GET. What changes something is for POST, and is refused without a header
that a page of another origin cannot send unasked (see `answers.OWN`).
"""

from __future__ import annotations

from sfnb.server.page.addresses import routes

__all__ = ["routes"]
