"""What holds for every renderer."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sfnb.renderers import RENDERERS, Renderer, picture

from .machines import MACHINES, ORDER, all_nodes, chain


@pytest.fixture(params=RENDERERS)
def render(request: pytest.FixtureRequest) -> Renderer:
    return RENDERERS[request.param]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_and_the_title_are_there(render: Renderer, machine: str) -> None:
    drawn = render(MACHINES[machine], title="Machinery")

    assert "Machinery" in drawn
    assert all(each.name in drawn for each in all_nodes(MACHINES[machine]))


def test_statuses_change_what_is_drawn_and_nothing_else_does(render: Renderer) -> None:
    plain = render(ORDER)

    assert render(ORDER) == plain
    assert render(ORDER, {("Ship",): "failed"}) != plain


def test_a_machine_shows_as_picture_and_as_words() -> None:
    shown = picture(chain("A"), title="T")

    assert shown._repr_mimebundle_()["image/svg+xml"] == RENDERERS["svg"](chain("A"), title="T")
    assert repr(shown) == RENDERERS["text"](chain("A"), title="T")
    assert "data:image/svg+xml" in shown.html


def test_importing_renderers_loads_no_library() -> None:
    program = "import sys, sfnb.renderers; print({'graphviz', 'pandas', 'IPython'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
