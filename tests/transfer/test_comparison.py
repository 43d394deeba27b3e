"""Table 5.1: its plots say what its numbers say."""

import pytest

from bigan.visualization import plots
from transfer import comparison
from transfer.comparison import Row, spread


def test_dots_stand_beside_their_own_names(tmp_path, monkeypatch):
    rows = [
        Row("raw input", [0], {"knn_hidden": [97.0]}),
        Row("bigan", [0, 1], {"knn_hidden": [96.0, 97.0], "knn_output": [95.0, 95.5]}, [1.0, 1.0], [9.0, 9.0]),
        Row("gan", [0, 1], {"knn_hidden": [94.0, 97.0]}, [1.0, 1.0], [9.0, 9.0]),
        Row("autoencoder_l1", [0], {"knn_hidden": [97.3], "knn_output": [97.4]}, [1.0], [9.0]),
    ]
    drawn = []
    monkeypatch.setattr(plots, "write_plot", lambda path, plot: drawn.append(plot))
    comparison.write_dots(tmp_path / "dots.png", rows, paper=True)
    left, right = drawn[0].axes
    places = {round(p): label.get_text() for p, label in zip(left.get_yticks(), left.get_yticklabels(), strict=True)}
    for axis, name in ((left, "knn_hidden"), (right, "knn_output")):
        points = [container.lines[0].get_xydata()[0] for container in axis.containers]
        dots = {places[round(float(place))]: float(mean) for mean, place in points}
        expected = {r.name: sum(r.metrics[name]) / len(r.metrics[name]) for r in rows if name in r.metrics}
        assert dots == pytest.approx(expected)


def test_spread():
    assert spread([]) == "-" and spread([1.0]) == "1.00" and spread([1.0, 3.0]) == "2.00 \u00b1 1.41"
