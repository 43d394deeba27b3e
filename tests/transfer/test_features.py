"""Features in one file: written batch by batch, or not at all."""

import numpy as np
import pytest

from bigan.data.dataset import Examples
from bigan.data.splits import Split
from bigan.errors import UserError
from tests.transfer.blobs import Features, blobs
from transfer import features


@pytest.mark.parametrize("labelled", [True, False])
def test_features_written_batch_by_batch_are_the_features(tmp_path, monkeypatch, labelled):
    monkeypatch.setattr(features, "BATCH", 7)
    parts = [part if labelled else Examples(part.images) for part in (blobs(23, 0), blobs(7, 1))]
    shapes = features.write(Features(), Split(*parts, "p"), "hidden", tmp_path / "f.npz")
    with np.load(tmp_path / "f.npz") as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == shapes
        for name, part in zip(("train", "evaluation"), parts, strict=True):
            assert arrays[name].dtype == np.float32
            np.testing.assert_array_equal(arrays[name], part.images.astype(np.float32))
            if labelled:
                np.testing.assert_array_equal(arrays[f"{name}_labels"], part.labels)
        assert len(arrays.files) == (4 if labelled else 2)


def test_features_that_fail_half_way_leave_the_file_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "BATCH", 7)

    class Failing(Features):
        def features(self, images, layer="hidden"):
            if len(images) < 7:
                raise UserError("no more")
            return super().features(images)

    (tmp_path / "f.npz").write_text("old")
    with pytest.raises(UserError, match="no more"):
        features.write(Failing(), Split(blobs(23, 0), blobs(7, 1), "p"), "hidden", tmp_path / "f.npz")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
