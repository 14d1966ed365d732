"""Paths in DataFrames: MathJax is to make no formula of what stands between two dollars."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from sfnb import notebook
from sfnb.notebook.tables import OPTION

FRAME = "import pandas as pd\npd.DataFrame({'path': ['$.a and $.b']})"


@pytest.fixture(autouse=True)
def as_pandas_comes() -> Iterator[None]:
    """Whatever other tests have left."""
    with pd.option_context(OPTION, True):
        yield


def test_a_frame_is_no_place_for_formulas(run: Any) -> None:
    assert "mathjax_ignore" in run(FRAME).shown[-1]["text/html"]


def test_who_wants_formulas_has_the_last_word(run: Any) -> None:
    shown = run(f"import pandas as pd\npd.set_option('{OPTION}', True)\n{FRAME}").shown

    assert "mathjax_ignore" not in shown[-1]["text/html"]


def test_unloading_takes_the_option_back(bare_shell: Any) -> None:
    before = pd.get_option(OPTION)
    notebook.load(bare_shell)
    during = pd.get_option(OPTION)
    notebook.unload(bare_shell)

    assert (before, during, pd.get_option(OPTION)) == (True, False, True)


def test_the_printer_of_another_extension_stays(bare_shell: Any) -> None:
    html = bare_shell.display_formatter.formatters["text/html"]
    html.for_type(pd.DataFrame, lambda frame: "<b>mine</b>")
    notebook.load(bare_shell)
    notebook.unload(bare_shell)

    assert html(pd.DataFrame()) == "<b>mine</b>"


def test_pandas_is_not_loaded_before_there_is_a_frame() -> None:
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "config = Config({'HistoryManager': {'enabled': False}})\n"
        "shell = InteractiveShell.instance(config=config)\n"
        "shell.run_line_magic('load_ext', 'sfnb')\n"
        "before = 'pandas' in sys.modules\n"
        "import pandas as pd\n"
        "shown = shell.display_formatter.format(pd.DataFrame({'a': ['$x $y']}))[0]['text/html']\n"
        "print(before, 'mathjax_ignore' in shown)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.split() == ["False", "True"]
