"""The picture of a machine, read back from its SVG."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from importlib.metadata import PackageNotFoundError
from itertools import combinations
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.asl.graph import Graph, Node, NodePath
from sfnb.renderers import labels, layout
from sfnb.renderers.dot import dot_source
from sfnb.renderers.frame import render_html
from sfnb.renderers.scene import SMALL_SIZE, arrange
from sfnb.renderers.shapes import points_on
from sfnb.renderers.story import Progress
from sfnb.renderers.style import Status
from sfnb.renderers.svg import render_svg

from .drawing import SVG, bounds, classes, of_class, read, states, texts, title
from .machines import MACHINES, NESTED, ORDER, all_nodes, chain, edge, node, of_size

NASTY = st.text(st.characters(codec=None), max_size=90)
STATUSES = get_args(Status)


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> Graph:
    return MACHINES[request.param]


@pytest.mark.parametrize("label", ["each item", "a child for each batch", "Branch 1"])
@pytest.mark.parametrize("shape", ["chain", "fork to the left", "fork to the right"])
def test_no_wire_runs_through_what_is_written_on_a_box(shape: str, label: str) -> None:
    inside = chain("A", "B", label=label, inside=("Each", 0))
    if shape != "chain":
        # Its errors lead away from the first state, which is then not in the middle.
        ends = tuple(
            node(name, "Fail", ("Each", 0), terminal=True) for name in ("A long name of a failure", "Z")
        )
        edges = tuple(edge("A", end.name, "catch", "States.ALL") for end in ends)
        every = (*inside.nodes, *ends) if shape.endswith("right") else (*ends, *inside.nodes)
        inside = Graph(start="A", nodes=every, edges=(*inside.edges, *edges), label=label)
    graph = Graph(start="Each", nodes=(node("Each", "Map", graphs=(inside,), terminal=True),), edges=())
    scene = arrange(graph)
    program = layout.find_program()
    assert program is not None
    placed = layout.lay_out(program, dot_source(scene))
    assert placed is not None
    (caption,) = of_class(read(render_svg(graph)), "sfnb-caption")
    words = next(caption.iter(f"{SVG}text"))
    left, base = float(words.attrib["x"]), float(words.attrib["y"])
    right = left + labels.width(label, SMALL_SIZE)

    through = [
        (x, y)
        for way in placed.wires.values()
        for x, y in points_on(way)
        if left - 3 < x < right + 3 and base - 12 < y < base + 3
    ]
    assert through == []


def test_every_state_is_drawn_once_with_its_path_and_its_name(machine: Graph) -> None:
    drawn = states(read(render_svg(machine)))

    assert sorted(drawn, key=str) == sorted((each.path for each in all_nodes(machine)), key=str)
    assert all(title(drawn[each.path]).startswith(each.name) for each in all_nodes(machine))
    assert all(f"sfnb-{each.type.lower()}" in classes(drawn[each.path]) for each in all_nodes(machine))


def test_no_two_states_overlap_unless_one_is_inside_the_other(machine: Graph) -> None:
    for (path, one), (other_path, other) in combinations(states(read(render_svg(machine))).items(), 2):
        (left, top, right, bottom), (left2, top2, right2, bottom2) = bounds(one), bounds(other)
        apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
        within = left <= left2 and top <= top2 and right2 <= right and bottom2 <= bottom
        inside = other_path[: len(path)] == path
        assert within if inside else apart


def test_the_same_machine_gives_the_same_bytes(machine: Graph) -> None:
    layout.lay_out.cache_clear()
    first = render_svg(machine, {}, title="T")
    layout.lay_out.cache_clear()

    assert render_svg(machine, {}, title="T") == first


def test_ids_are_plain_and_differ_from_machine_to_machine() -> None:
    ids = [
        element.attrib["id"]
        for machine in MACHINES.values()
        for element in read(render_svg(machine)).iter()
        if "id" in element.attrib
    ]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"s[0-9a-f]{8}(-\w+)?", each) for each in ids)


def test_its_style_holds_for_itself_alone() -> None:
    root = read(render_svg(ORDER))
    css = "".join(element.text or "" for element in root.iter(f"{SVG}style"))
    selectors = re.findall(r"(?m)^\s*([^@{}]+?)\s*\{", css)

    assert len(selectors) > 20
    assert all(
        f"#{root.attrib['id']}" in part for each in selectors for part in re.split(r",(?![^(]*\))", each)
    )


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_a_class_a_mark_and_a_word_in_the_legend(status: Status) -> None:
    root = read(render_svg(ORDER, {("Ship",): status}))
    ship = states(root)["Ship",]
    marks = [use.attrib["href"] for use in ship.iter(f"{SVG}use") if "sfnb-mark" in classes(use)]

    assert f"sfnb-{status}" in classes(ship)
    assert marks == [f"#{root.attrib['id']}-{status}"]
    legend = {name for key in of_class(root, "sfnb-legend") for group in key for name in classes(group)}
    assert legend == {f"sfnb-{status}", "sfnb-not_reached"}


def test_a_bare_definition_has_no_statuses_and_no_legend() -> None:
    root = read(render_svg(ORDER))

    assert not of_class(root, "sfnb-legend")
    assert not any(of_class(root, f"sfnb-{status}") for status in STATUSES)


def test_the_legend_can_be_left_out() -> None:
    assert not of_class(read(render_svg(ORDER, {}, legend=False)), "sfnb-legend")


def test_every_symbol_that_is_used_is_there() -> None:
    root = read(render_svg(NESTED, {}, counts={("List",): {"succeeded": 2, "aborted": 1}}))
    symbols = {f"#{element.attrib['id']}" for element in root.iter(f"{SVG}symbol")}

    assert {use.attrib["href"] for use in root.iter(f"{SVG}use")} <= symbols


def test_wires_know_their_ends_and_their_kind() -> None:
    root = read(render_svg(ORDER))
    kinds = {
        (group.get("data-source"), group.get("data-target")): classes(group)
        for group in of_class(root, "sfnb-edge")
    }

    assert "sfnb-edge-catch" in kinds['["Validate"]', '["Refused"]']
    assert "sfnb-edge-default" in kinds['["Paid?"]', '["Wait for money"]']
    assert "sfnb-edge-start" in kinds[None, '["Validate"]']
    assert "sfnb-edge-end" in kinds['["Ship"]', None]
    assert {"catch States.ALL", "$.paid is true", "default"} <= set(texts(root))


def test_taken_ways_are_marked_and_the_others_too() -> None:
    taken = [(("Validate",), ("Paid?",)), (("Paid?",), ("Ship",))]
    reached: dict[NodePath, Status] = {(name,): "succeeded" for name in ("Validate", "Paid?", "Ship")}
    root = read(render_svg(ORDER, reached, taken=taken))
    heavy = {
        (group.get("data-source"), group.get("data-target"))
        for group in of_class(root, "sfnb-edge")
        if "sfnb-taken" in classes(group)
    }

    assert heavy == {
        (None, '["Validate"]'),
        ('["Validate"]', '["Paid?"]'),
        ('["Paid?"]', '["Ship"]'),
        ('["Ship"]', None),
    }
    assert len(of_class(root, "sfnb-untaken")) > 3


def test_without_taken_only_unreached_ways_are_faded() -> None:
    root = read(render_svg(ORDER, {("Validate",): "succeeded", ("Paid?",): "running"}))
    of_edges = [classes(group) for group in of_class(root, "sfnb-edge")]

    assert not any("sfnb-taken" in each for each in of_edges)
    assert sum("sfnb-untaken" in each for each in of_edges) == 5


def test_counts_show_what_visits_came_to_and_colour_by_the_gravest() -> None:
    load: NodePath = ("Each file", 0, "Load")
    root = read(
        render_svg(NESTED, {}, counts={load: {"succeeded": 1038, "failed": 2}, ("List",): {"succeeded": 1}})
    )
    group = states(root)[load]

    assert "sfnb-failed" in classes(group)
    assert {"1,038", "2"} <= set(texts(group))
    assert "1,038 succeeded, 2 failed" in title(group)
    assert "sfnb-succeeded" in classes(states(root)["List",])
    assert not of_class(states(root)["List",], "sfnb-counts")


def test_the_flow_runs_down_or_to_the_right() -> None:
    machine = chain("A", "B", "C")
    for direction, axis in (("TB", 1), ("LR", 0)):
        drawn = states(read(render_svg(machine, direction=direction)))  # type: ignore[arg-type]
        places = [bounds(drawn[name,])[axis] for name in "ABC"]
        assert places == sorted(places)
        assert len(set(places)) == 3


def test_a_loop_does_not_turn_the_machine_upside_down() -> None:
    drawn = states(read(render_svg(ORDER)))

    assert min(drawn, key=lambda path: bounds(drawn[path])[1]) == ("Validate",)


@given(st.lists(NASTY, min_size=1, max_size=4, unique=True), NASTY)
@settings(max_examples=60, deadline=None)
def test_no_name_breaks_the_picture(names: list[str], other: str) -> None:
    nodes = tuple(node(name, "Map", details=(other,), retry=(other,), comment=other) for name in names)
    edges = tuple(edge(name, names[0], "choice", other) for name in names)
    root = read(render_svg(Graph(start=names[0], nodes=nodes, edges=edges, label=other), {}, title=other))

    assert list(states(root)) == [(name,) for name in names]
    assert not list(root.iter(f"{SVG}script"))


def test_markup_in_a_definition_stays_text() -> None:
    evil = '</title><script>alert("1")</script>'
    svg = render_svg(
        Graph(start=evil, nodes=(node(evil, details=(evil,), comment=evil),), edges=()), title=evil
    )

    assert not list(read(svg).iter(f"{SVG}script"))
    assert "<script" not in svg


def test_a_long_name_is_cut_and_told_in_full_by_the_tooltip() -> None:
    name = "Reconcile " * 8
    group = states(read(render_svg(chain(name))))[name,]

    assert title(group).startswith(name)
    assert len(of_class(group, "sfnb-name")) == 3
    assert texts(group)[2].endswith("…")


def test_300_states_take_less_than_a_second() -> None:
    began = time.thread_time()
    svg = render_svg(of_size(300))

    assert time.thread_time() - began < 1
    assert len(states(read(svg))) == 300


def test_strange_graphs_are_drawn_as_far_as_they_go() -> None:
    """A definition with findings may be drawn: no such start, no such target, two states of a name."""
    twins = Graph(
        start="?", nodes=(node("A"), node("A", terminal=True)), edges=(edge("A", "B"), edge("C", "A"))
    )
    empty = Graph(start="?", nodes=(), edges=())
    hollow = Graph(start="P", nodes=(node("P", "Parallel", graphs=(empty, empty), terminal=True),), edges=())

    assert len(of_class(read(render_svg(twins)), "sfnb-node")) == 2
    assert not states(read(render_svg(empty)))
    assert len(states(read(render_svg(hollow)))) == 1


def test_without_a_layout_program_the_outline_is_shown(no_program: None) -> None:
    root = read(render_svg(ORDER, {("Ship",): "failed"}, title="Orders & more"))

    assert any("✘ Ship" in line for line in texts(root))
    assert "Orders & more" in texts(root)


def test_a_dot_on_the_path_is_used_where_graphviz_pure_is_missing(
    no_program: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\nexit 1\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert layout.find_program() == str(dot)
    assert texts(read(render_svg(ORDER)))[0] == "● Start → Validate"  # it failed: the outline


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", '{"bb": "0,0"}', '{"bb": "0,0,9,9", "edges": [{"pos": "e,1,2"}]}']
)
def test_a_program_that_talks_nonsense_gives_no_layout(answer: str, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n")
    program.chmod(0o755)

    assert layout.lay_out(str(program), "digraph {}") is None


def test_html_scrolls_before_it_gets_too_small_to_read() -> None:
    svg = render_svg(of_size(3))
    natural = int(read(svg).attrib["width"])
    box = ElementTree.fromstring(render_html(svg))
    style, image = box

    assert "overflow:auto" in box.attrib["style"]
    assert f"min-width:{natural * 0.72:.0f}px" in image.attrib["style"]
    assert image.attrib["width"] == str(natural)
    assert style.text is not None
    assert "color-scheme: dark" in style.text


def test_html_has_no_words_that_a_page_could_spill() -> None:
    svg = render_svg(ORDER, title='a < "b"')
    _, image = ElementTree.fromstring(render_html(svg))

    head, _, data = image.attrib["src"].partition(",")
    assert head == "data:image/svg+xml;base64"
    assert b64decode(data).decode() == svg
    assert image.attrib["alt"] == 'a < "b"'


def test_a_layout_that_forgets_something_is_not_used(
    no_program: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dot = tmp_path / "dot"
    dot.write_text("""#!/bin/sh\n/bin/cat >/dev/null\necho '{"bb": "0,0,9,9"}'\n""")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert texts(read(render_svg(ORDER)))[0] == "● Start → Validate"


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without graphviz-pure and without dot."""

    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(layout, "files", missing)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


# Maps whose items are executions of their own

ROWS = Graph(
    start="Rows",
    nodes=(
        Node(
            name="Rows",
            type="Map",
            path=("Rows",),
            details=("distributed as rows", "CSV from s3://in/rows.csv", "batches of 7"),
            graphs=(Graph(start="P", nodes=(Node(name="P", type="Pass", path=("Rows", 0, "P")),), edges=()),),
            progress=True,
        ),
    ),
    edges=(),
)


def test_how_far_it_has_come_is_a_bar_and_words() -> None:
    progress = {("Rows",): Progress(succeeded=6, failed=2, running=1, total=12)}
    root = read(render_svg(ROWS, {("Rows",): "running"}, progress=progress))

    [bar] = of_class(root, "sfnb-progress")
    widths = {
        status: float(part.attrib["width"])
        for status in ("succeeded", "failed", "running")
        for group in of_class(bar, f"sfnb-{status}")
        for part in of_class(group, "sfnb-part")
    }
    [trough] = of_class(bar, "sfnb-trough")
    assert widths["succeeded"] == 3 * widths["failed"] == 6 * widths["running"]
    assert widths["succeeded"] == float(trough.attrib["width"]) / 2
    assert texts(bar) == ["8 of 12 items, 2 failed"]


def test_a_bar_is_empty_at_first_and_a_definition_has_none() -> None:
    [bar] = of_class(read(render_svg(ROWS, {})), "sfnb-progress")

    assert of_class(bar, "sfnb-part") == []
    assert of_class(read(render_svg(ROWS)), "sfnb-progress") == []


def test_a_reader_is_named_in_full() -> None:
    assert "CSV from s3://in/rows.csv" in texts(read(render_svg(ROWS)))


def test_a_condition_in_jsonata_is_written_short_and_told_in_full() -> None:
    words = "$states.input.total > $limit"
    graph = chain("A", "B")
    graph = Graph(start="A", nodes=graph.nodes, edges=(edge("A", "B", "choice", words),))
    root = read(render_svg(graph))

    [label] = of_class(root, "sfnb-label")
    assert texts(label) == ["input.total > $limit"]
    assert title(label) == words
