"""What the tests of scripts share: an environment without backends, and finished runs to look at.

Tests that use `runs` are of the xdist group 'runs', those that use `store_run` of the group 'store_run': each is made
once.
"""

import numpy as np
import pytest
from PIL import Image

from bigan.training.run_directory import RunDir
from bigan.training.train import train
from tests.scripts.commands import QUICK, succeed


@pytest.fixture(scope="session")
def no_backend(tmp_path_factory):
    """The environment in which importing a backend fails: what is refused there is refused before one is started."""
    poison = tmp_path_factory.mktemp("poison")
    for name in ("keras", "tensorflow", "jax"):
        (poison / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')")
    return {"PYTHONPATH": str(poison)}


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A folder of three runs on the digits, 'bigan', 'gan' and 'autoencoder_l2'; the first was made by the script."""
    folder = tmp_path_factory.mktemp("runs")
    flags = folder / "flags"
    flags.write_text("--preset=digits_thesis\n" + "\n".join(QUICK))
    done = succeed("train", f"--flagfile={flags}", f"--workdir={folder / 'bigan'}")
    assert "untrained" in done.stdout and "samples/2.png" in done.stdout and "epoch 2/2" in done.stderr
    config = RunDir(folder / "bigan").read_config()[0]
    for method in ("gan", "autoencoder_l2"):
        train(config.replace(method=method), folder / method, progress=False)
    return folder


class StoreRun:
    """A store made by scripts.prepare of `images`, and a run on it made by scripts.train.

    Attributes:
        prepare, train: the flags.
        prepared: what scripts.prepare said.
    """

    def __init__(self, folder):
        rng = np.random.default_rng(0)
        for split, count in (("train", 16), ("val", 10)):
            for name in ("a", "b"):
                (folder / "images" / split / name).mkdir(parents=True)
                for i in range(count):
                    picture = Image.fromarray(rng.integers(0, 256, (40, 44, 3), np.uint8))
                    picture.save(folder / "images" / split / name / f"{i}.jpg")
        (folder / "images" / "train" / "a" / "notes.txt").write_text("")
        self.path = folder / "run"
        self.prepare = ("--edge=36", f"--data_dir={folder / 'images'}", f"--out={folder / 'store'}")
        self.prepared = succeed("prepare", *self.prepare)
        self.train = ("--preset=tiny32_thesis", f"--data_dir={folder / 'store'}", "--epochs=1", "--batch_size=16")
        self.train += ("--width=4", "--nearest_samples=16", "--compared_samples=0")
        succeed("train", *self.train, f"--workdir={self.path}")


@pytest.fixture(scope="session")
def store_run(tmp_path_factory):
    """A run on a store of images, see `StoreRun`."""
    return StoreRun(tmp_path_factory.mktemp("store_run"))
