"""Filters, nearest neighbours and maps of features."""

import numpy as np
import pytest
from PIL import Image

from bigan.errors import UserError
from bigan.training.train import train
from bigan.visualization import dumps, samples
from tests.stores import natural_config

pytestmark = pytest.mark.slow


def test_filters_neighbors_and_map(tmp_path, natural):
    run = train(natural_config(natural, epochs=1), tmp_path / "run", progress=False)
    model, split = run.model, run.split()
    request = dumps.Request(num=12, seed=3, layer="hidden", split=split)
    kinds = {name: dumps.KINDS[name] for name in ("filters", "neighbors", "map")}
    arrays = {name: samples.gathered(kind.streams(model, request)) for name, kind in kinds.items()}
    assert {role: k.shape for role, k in arrays["filters"].items()} == {
        "encoder": (4, 5, 5, 3),
        "generator": (4, 5, 5, 3),
        "discriminator": (4, 5, 5, 3),
    }
    kernel = np.asarray(model.generator.get_layer("output").kernel)
    np.testing.assert_array_equal(arrays["filters"]["generator"][2], kernel[:, :, :, 2])
    found = arrays["neighbors"]
    queries, gallery = model.features(found["queries"]), model.features(split.train.images)
    cosine = 1 - (queries @ gallery.T) / np.outer(np.linalg.norm(queries, axis=1), np.linalg.norm(gallery, axis=1))
    assert np.array_equal(found["index"], np.argsort(cosine, axis=1, kind="stable")[:, :6])
    assert np.array_equal(found["neighbors"][5, 0], split.train.images[found["index"][5, :1]][0])
    points = arrays["map"]["points"]
    assert points.shape == (12, 2) and points.min() == 0 and points.max() == 1
    for name, kind in kinds.items():
        kind.write(tmp_path / f"{name}.png", model, request)
        assert np.asarray(Image.open(tmp_path / f"{name}.png")).std() > 1
    with pytest.raises(UserError, match="a map needs 10 images at least. Received: 5"):
        dumps.KINDS["map"].streams(model, dumps.Request(5, 0, "hidden", split))
