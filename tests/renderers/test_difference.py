"""Two executions in one picture."""

from __future__ import annotations

from sfnb.asl.graph import NodePath
from sfnb.renderers import difference_picture
from sfnb.renderers.difference import merged, tell_difference
from sfnb.renderers.style import Difference
from sfnb.renderers.svg import render_svg

from .drawing import classes, of_class, read, states, texts, title
from .machines import NESTED, ORDER, all_nodes, chain, edge, node, replace
from .test_trail import Seen

VALIDATE, PAID, WAIT, SHIP = ("Validate",), ("Paid?",), ("Wait for money",), ("Ship",)
LEFT = [Seen(path=VALIDATE), Seen(path=PAID), Seen(path=SHIP)]
RIGHT = [Seen(path=VALIDATE), Seen(path=PAID), Seen(path=WAIT), Seen(path=VALIDATE, status="running")]
FOUND: list[tuple[NodePath, Difference]] = [
    (VALIDATE, "same"), (PAID, "differs"), (SHIP, "only_left"), (WAIT, "only_right"), (VALIDATE, "only_right")
]  # fmt: skip


def ways(svg: str) -> dict[tuple[str, str], set[str]]:
    """The classes of each wire, by the names of the states that it joins."""
    wires = of_class(read(svg), "sfnb-edge")
    names = [(wire.get("data-source", '[""]'), wire.get("data-target", '[""]')) for wire in wires]
    return {
        (source[2:-2], target[2:-2]): classes(wire)
        for (source, target), wire in zip(names, wires, strict=True)
    }


def test_a_state_is_marked_by_its_visits() -> None:
    story = tell_difference(FOUND, LEFT, RIGHT)

    assert {path: story.status(path) for path in (VALIDATE, PAID, SHIP, WAIT, ("Refused",))} == {
        VALIDATE: "differs",
        PAID: "differs",
        SHIP: "only_left",
        WAIT: "only_right",
        ("Refused",): "not_reached",
    }
    assert story.visits(VALIDATE) == [("same", 1), ("only_right", 1)]


def test_the_picture_has_a_class_and_a_mark_for_each_state() -> None:
    svg = difference_picture((ORDER, ORDER), (LEFT, RIGHT), FOUND, title="T").svg
    drawn = states(read(svg))

    assert "sfnb-only_left" in classes(drawn[SHIP])
    assert title(drawn[SHIP]).splitlines()[1] == "only left"
    assert title(drawn[VALIDATE]).splitlines()[1] == "1 same, 1 only right"
    assert [
        word
        for word in texts(read(svg))
        if word in ("same", "differs", "only left", "only right", "in neither")
    ]


def test_a_way_that_one_side_alone_took_is_marked() -> None:
    drawn = ways(difference_picture((ORDER, ORDER), (LEFT, RIGHT), FOUND).svg)

    assert {"sfnb-taken", "sfnb-only_left"} <= drawn["Paid?", "Ship"]
    assert {"sfnb-taken", "sfnb-only_right"} <= drawn["Paid?", "Wait for money"]
    assert {"sfnb-taken", "sfnb-only_right"} <= drawn["Wait for money", "Validate"]
    assert {"sfnb-taken", "sfnb-only_left"} <= drawn["Ship", ""]
    assert not {"sfnb-only_left", "sfnb-only_right"} & drawn["Validate", "Paid?"]
    assert "sfnb-taken" in drawn["", "Validate"]
    assert "sfnb-untaken" in drawn["Validate", "Refused"]


def test_a_side_that_only_a_way_shows_is_in_the_legend() -> None:
    left = [Seen(path=("A",)), Seen(path=("B",))]
    right = [Seen(path=("A",)), Seen(path=("C",)), Seen(path=("B",))]
    graph = replace(chain("A", "C", "B"), edges=(edge("A", "B"), edge("A", "C"), edge("C", "B")))
    found: list[tuple[NodePath, Difference]] = [(("A",), "same"), (("B",), "same"), (("C",), "only_right")]
    (legend,) = of_class(read(difference_picture((graph, graph), (left, right), found).svg), "sfnb-legend")

    assert texts(legend) == ["same", "only left", "only right"]


def test_the_text_explains_its_marks() -> None:
    text = difference_picture((ORDER, ORDER), (LEFT, RIGHT), FOUND).text

    assert "< Ship" in text
    assert "> Wait for money" in text
    assert text.splitlines()[-1] == "= same  ≠ differs  < only left  > only right  · in neither"


def test_both_pictures_of_a_machine_can_stand_in_one_page() -> None:
    plain, compared = render_svg(ORDER, {}), difference_picture((ORDER, ORDER), (LEFT, RIGHT), FOUND).svg

    assert read(plain).get("id") != read(compared).get("id")
    assert "only_left" not in plain


# Machines


def test_a_machine_merged_with_itself_is_itself() -> None:
    assert merged(NESTED, NESTED) is NESTED


def test_states_and_ways_of_both_are_there() -> None:
    left, right = chain("A", "B", "D"), chain("A", "C", "D")
    graph = merged(left, right)

    assert [each.name for each in graph.nodes] == ["A", "C", "B", "D"]
    assert {(way.source, way.target) for way in graph.edges} == {
        ("A", "B"),
        ("A", "C"),
        ("B", "D"),
        ("C", "D"),
    }


def test_what_ends_on_one_side_ends() -> None:
    graph = merged(chain("A"), chain("A", "B"))

    assert [each.terminal for each in graph.nodes] == [True, True]


def test_states_inside_are_merged_as_well() -> None:
    inside = ("Each", 0)
    left, right = (
        replace(
            chain("Each"),
            nodes=(node("Each", "Map", graphs=(chain(*names, inside=inside),), terminal=True),),
        )
        for names in (("A", "B"), ("A", "C"))
    )

    names = [each.name for each in all_nodes(merged(left, right))]
    assert names == ["Each", "A", "C", "B"]


def test_what_a_state_says_on_the_right_is_added() -> None:
    left, right = (replace(chain("A"), nodes=(node("A", **says),)) for says in (
        {"details": ("5 s",)}, {"details": ("7 s",), "type": "Wait"}
    ))  # fmt: skip

    assert merged(left, right).nodes[0].details == ("5 s", "right: Wait · 7 s")


def test_a_rule_that_was_changed_shows_both() -> None:
    left, right = (
        replace(chain("A", "B"), edges=(edge("A", "B", "choice", rule),)) for rule in ("$.n > 1", "$.n > 2")
    )
    [way] = merged(left, right).edges

    assert way.label == "left: $.n > 1, right: $.n > 2"
