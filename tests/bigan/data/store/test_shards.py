"""Shards: together they are the bytes of one process's store, however often their making was interrupted."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bigan.data import sources
from bigan.data.store import packing, shards
from bigan.data.store.shards import Shard
from bigan.errors import UserError
from tests.processes import ROOT
from tests.stores import origin, write_images


def make(folder, out, count, skip_bad=False):
    for index in range(count):
        shard = Shard(index, count)
        packing.pack(shards.part(origin(folder), shard), shards.folder(out, shard), 16, skip_bad)


def same_as_one_process(out, whole):
    for split in ("train", "val"):
        assert (out / f"{split}.index").read_bytes() == (whole / f"{split}.index").read_bytes()
        parts = b"".join((p / f"{split}.pixels").read_bytes() for p in sorted(out.glob("shard-*")))
        assert parts == (whole / f"{split}.pixels").read_bytes()
    a, b = (sources.load("store", str(place), crop=12) for place in (out, whole))
    for one, two in ((a.train, b.train), (a.test, b.test)):
        assert np.array_equal(np.asarray(one.images), np.asarray(two.images))
        assert np.array_equal(one.labels, two.labels)
    assert a.classes == b.classes


@pytest.mark.parametrize("count", [1, 4, 6])
def test_merged_shards_are_the_store_of_one_process(folder, tmp_path, count):
    packing.pack(origin(folder), tmp_path / "whole", 16, False)
    make(folder, tmp_path / "out", count)
    with pytest.raises(UserError, match="not merged yet"):
        sources.load("store", str(tmp_path / "out"))
    description = shards.merge(tmp_path / "out")
    same_as_one_process(tmp_path / "out", tmp_path / "whole")
    assert shards.merge(tmp_path / "out") == description


def test_skipped_images_are_counted_in_the_index(folder, tmp_path):
    (folder / "train" / "cat" / "5.png").write_bytes(b"nothing")
    packing.pack(origin(folder), tmp_path / "whole", 16, True)
    make(folder, tmp_path / "out", 3, skip_bad=True)
    assert len(shards.merge(tmp_path / "out")["splits"]["train"]["skipped"]) == 1
    same_as_one_process(tmp_path / "out", tmp_path / "whole")


def test_what_cannot_be_merged(folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UserError, match="there are no shards"):
        shards.merge(out)
    make(folder, out, 3)
    second, third = (out / f"shard-0000{i}-of-00003" for i in (1, 2))
    third.rename(tmp_path / "kept")
    with pytest.raises(UserError, match="shard 2/3 is missing"):
        shards.merge(out)
    shutil.copytree(second, third)
    with pytest.raises(UserError, match="holds shard 00001-of-00003, which is there twice"):
        shards.merge(out)
    shutil.rmtree(third)
    packing.pack(shards.part(origin(folder), Shard(2, 3)), third, 18, False)
    with pytest.raises(UserError, match="has the edge 18, and .* has 16"):
        shards.merge(out)
    shutil.rmtree(third)
    write_images(tmp_path / "more")
    (tmp_path / "more" / "train" / "cat" / "0.png").unlink()
    packing.pack(shards.part(origin(tmp_path / "more"), Shard(2, 3)), third, 16, False)
    with pytest.raises(UserError, match="made from other images"):
        shards.merge(out)
    (out / "shard-00000-of-00002").mkdir()
    with pytest.raises(UserError, match="shards of 2 and of 3 lie in"):
        shards.merge(out)
    with pytest.raises(UserError, match="holds shards of 2"):
        shards.folder(out, Shard(0, 4))
    assert not (out / "store.json").exists()


@pytest.mark.parametrize("text", ["", "3", "4/4", "-1/4", "a/b", "1/0", "1/2/3"])
def test_what_is_no_shard(text):
    with pytest.raises(UserError, match="`shard` must be I/N"):
        Shard.parse(text)


def test_more_shards_than_images(folder):
    with pytest.raises(UserError, match="'val' has 6 images, too few for 7 shards"):
        shards.part(origin(folder), Shard(0, 7))


@pytest.mark.slow
def test_four_processes_two_of_them_killed_and_restarted(folder, tmp_path):
    packing.pack(origin(folder), tmp_path / "whole", 400, False)
    flags = [f"--data_dir={folder}", "--edge=400", f"--out={tmp_path / 'out'}"]

    def start(index):
        command = [sys.executable, "-m", "scripts.prepare", *flags, f"--shard={index}/4"]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    running = [start(index) for index in range(4)]
    for index in (1, 2):
        place = tmp_path / "out" / f"shard-0000{index}-of-00004"
        while not place.exists() and running[index].poll() is None:
            time.sleep(0.002)
        os.kill(running[index].pid, signal.SIGKILL)
        running[index].wait()
        running[index] = start(index)
    assert [process.wait() for process in running] == [0] * 4
    subprocess.run([sys.executable, "-m", "scripts.prepare", "--merge", flags[2]], cwd=ROOT, check=True)
    same_as_one_process(tmp_path / "out", tmp_path / "whole")
