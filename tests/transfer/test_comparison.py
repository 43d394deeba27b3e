"""Table 5.1: its plots say what its numbers say."""

import pytest

from bigan.visualization import plots
from transfer import comparison
from transfer.comparison import spread
from transfer.rows import Row


def test_dots_stand_beside_their_own_names(tmp_path, monkeypatch):
    both = {0: 1.0, 1: 1.0}, {0: 9.0, 1: 9.0}
    rows = [
        Row("raw input", {"knn_hidden": {0: 97.0}}),
        Row("bigan", {"knn_hidden": {0: 96.0, 1: 97.0}, "knn_output": {0: 95.0, 1: 95.5}}, *both),
        Row("gan", {"knn_hidden": {0: 94.0, 1: 97.0}}, *both),
        Row("autoencoder_l1", {"knn_hidden": {0: 97.3}, "knn_output": {0: 97.4}}, {0: 1.0}, {0: 9.0}),
    ]
    drawn = []
    monkeypatch.setattr(plots, "write_plot", lambda path, plot: drawn.append(plot))
    comparison.write_dots(tmp_path / "dots.png", rows, paper=True)
    left, right = drawn[0].axes
    places = {round(p): label.get_text() for p, label in zip(left.get_yticks(), left.get_yticklabels(), strict=True)}
    for axis, name in ((left, "knn_hidden"), (right, "knn_output")):
        points = [container.lines[0].get_xydata()[0] for container in axis.containers]
        dots = {places[round(float(place))]: float(mean) for mean, place in points}
        expected = {r.name: sum(r.values(name)) / len(r.values(name)) for r in rows if name in r.metrics}
        assert dots == pytest.approx(expected)


def test_spread():
    assert spread([]) == "-" and spread([1.0]) == "1.00" and spread([1.0, 3.0]) == "2.00 \u00b1 1.41"
