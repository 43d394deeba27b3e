"""Plots of numbers."""

from PIL import Image

from bigan.visualization import plots

COLUMNS = {"epoch", "loss_D", "knn_hidden", "reconstruction", "reconstruction_shuffled", "sample_recall", "output_rank"}


def test_a_panel_holds_figures_of_one_unit():
    found = plots.by_unit(COLUMNS | {"reconstruction_class"}, ["loss_D"])
    assert found == {
        "losses": ["loss_D"],
        "accuracy (%)": ["knn_hidden", "reconstruction_class"],
        "distances": ["reconstruction", "reconstruction_shuffled"],
        "samples": ["sample_recall"],
    }
    assert plots.by_unit({"epoch"}, []) == {"losses": []}


def test_curves_have_a_panel_for_each_title(tmp_path):
    rows = [{"epoch": 0, "knn_hidden": 10.0}, {"epoch": 1, "knn_hidden": 20.0, "loss_D": 0.5}]
    for count in (1, 2):
        panels = dict([("losses", ["loss_D"]), ("accuracy (%)", ["knn_hidden"])][:count])
        plots.write_curves(tmp_path / "curves.png", rows, panels)
        with Image.open(tmp_path / "curves.png") as image:
            assert image.width == 600 * count
