"""Pictures put every box in a place of its own and draw every line between boxes that are there."""

from __future__ import annotations

from registry_dagster.outward.site.asking import ask
from registry_dagster.outward.site.catalogue import read_catalogue
from registry_dagster.outward.site.join_picture import join_picture
from registry_dagster.outward.site.lineage_picture import lineage_picture
from registry_dagster.outward.site.pictures import Line, Node, Picture, picture
from tests.outward.site.conftest import Built


def is_legible(drawn: Picture) -> bool:
    """No two boxes overlap, and all are within the picture."""
    boxes = drawn.boxes
    apart = all(
        abs(one.x - other.x) >= one.width or abs(one.y - other.y) >= one.height
        for place, one in enumerate(boxes)
        for other in boxes[:place]
    )
    inside = all(box.x >= 0 and box.x + box.width <= drawn.width for box in boxes)
    return apart and inside and all(box.y >= 0 and box.y + box.height <= drawn.height for box in boxes)


def test_boxes_are_in_columns_and_lines_between_those_that_are_there() -> None:
    columns = [[Node("a", "a"), Node("b", "b")], [], [Node("c", "c" * 60, "n" * 60)]]
    drawn = picture(columns, [Line("a", "c"), Line("a", "b"), Line("a", "gone")])
    assert is_legible(drawn)
    assert [(line.start, line.end) for line in drawn.lines] == [("a", "c"), ("a", "b")]
    assert all(line.path.startswith("M") for line in drawn.lines)
    long = drawn.boxes[-1].node
    assert (len(long.short_label), len(long.short_note)) == (33, 44)
    assert long.short_label.count("…") == 1


def test_lineage_shows_a_few_of_many_and_says_how_many_more(built: Built) -> None:
    catalogue = read_catalogue(built.registry)
    entry = catalogue.entries["hemibrain.neurons@v1"]
    drawn = lineage_picture(catalogue, entry, catalogue.dependents(entry.name))
    labels = [box.node.label for box in drawn.boxes]
    assert is_legible(drawn)
    assert labels[:2] == ["hemibrain@v1.2.1", "hemibrain.neurons@v1"]
    assert labels[-1] == "… and 2 more"
    counts = catalogue.entries["hemibrain.counts@v8"]
    (line, *_) = [each for each in lineage_picture(catalogue, counts, []).lines if "neurons" in each.start]
    assert (line.start, line.end) == ("from hemibrain.neurons@v1", "hemibrain.counts@v8")


def test_what_refers_to_another_is_left_of_it_and_derived_ways_are_dashed(built: Built) -> None:
    catalogue = read_catalogue(built.registry)
    drawn = join_picture(catalogue, ask(built.registry, catalogue, 100), list(catalogue.current))
    assert is_legible(drawn)
    places = {box.node.key: box.x for box in drawn.boxes}
    assert places["hemibrain.counts"] < places["hemibrain.neurons"]
    kinds = {(line.start, line.end): (line.kind, line.verdict) for line in drawn.lines}
    assert kinds["hemibrain.counts", "hemibrain.neurons"] == ("plain", "exact")
    assert ("derived", "exact") in kinds.values()
