"""Makes a store: every image resized once, packed for training that a GPU cannot outrun.

python -m scripts.prepare --dataset=images --data_dir=imagenette --edge=72 --out=stores/imagenette72
python -m scripts.prepare --dataset=tfds:imagenette --edge=72 --out=stores/imagenette72

Then train with --dataset=store --data_dir=stores/imagenette72. Interrupted, the same command goes on.

Any number of machines side by side: each its own --shard=I/N of the same command, I from 0 to N - 1; then once
--merge --out=OUT, which writes the index and moves no pixels.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

from absl import flags

from bigan.errors import UserError
from bigan.types import Json

from .flags import FLAGS
from .main import run_main

flags.DEFINE_string("dataset", "images", "images (a folder, with or without classes and splits) or tfds:NAME")
flags.DEFINE_string("data_dir", "", "the folder of images, or TFDS's data folder")
flags.DEFINE_string("out", None, "folder for the store")
flags.DEFINE_integer("edge", 72, "pixels of the resized images' shorter edge; crops are cut from them", 8, 4000)
flags.DEFINE_list("splits", [], "splits to take, separated by commas (default: train, and val or test)")
flags.DEFINE_string("classes", "", "classes to take by their sorted place: FIRST-LAST, e.g. 0-9 (default: all)")
flags.DEFINE_integer("limit", 0, "images of each split, at most, chosen at random; 0 for all", lower_bound=0)
flags.DEFINE_enum("bad", "refuse", ["refuse", "skip"], "what becomes of images that cannot be used")
flags.DEFINE_string("shard", "", "I/N: prepare part I of N alone, from 0 on")
flags.DEFINE_bool("merge", False, "make one store of all shards in --out")


def main() -> None:
    """Packs, or merges, and says what became of it."""
    if not FLAGS.out:
        raise UserError("--out is needed: the folder for the store")
    if FLAGS.merge:
        from bigan.data.store import shards

        if FLAGS.shard:
            raise UserError("--merge is for all shards together; leave out --shard")
        return _summary(Path(FLAGS.out), shards.merge(Path(FLAGS.out)))

    from PIL import Image

    from bigan.data.store import origins, packing, shards

    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # large is no fault; what is too large is refused
    out, place = Path(FLAGS.out), Path(FLAGS.data_dir or ".")
    if FLAGS.data_dir and place.is_dir() and out.resolve().is_relative_to(place.resolve()):
        raise UserError(f"--out must not lie in --data_dir, whose images it is made from. Received: {out}")
    origin = origins.open_origin(FLAGS.dataset, FLAGS.data_dir, FLAGS.splits, _classes(FLAGS.classes), FLAGS.limit)
    if FLAGS.shard:
        shard = shards.Shard.parse(FLAGS.shard)
        origin, out = shards.part(origin, shard), shards.folder(out, shard)
    for name in origin.ignored:
        why = "a folder, not an image" if Path(name).is_dir() else "not an image by its name"
        print(f"ignored {name}: {why}", file=sys.stderr)

    class Terminal(packing.Reporter):
        """Lines on standard error; counts over one another on a terminal, else now and then."""

        last = 0.0
        open_line = False

        def end_line(self) -> None:
            print("\n" * self.open_line, end="", file=sys.stderr, flush=True)
            self.open_line = False

        def say(self, line: str) -> None:
            self.end_line()
            print(line, file=sys.stderr)

        def count(self, split: str, done: int, total: int) -> None:
            if sys.stderr.isatty():
                print(f"\r\x1b[K{split}: {done} of {total} images", end="", file=sys.stderr, flush=True)
                self.open_line = True
            elif time.perf_counter() - self.last > 10:
                self.last = time.perf_counter()
                print(f"{split}: {done} of {total} images", file=sys.stderr)

    terminal = Terminal()
    try:
        description = packing.pack(origin, out, FLAGS.edge, FLAGS.bad == "skip", terminal)
    except KeyboardInterrupt:
        terminal.say("interrupted; the same command goes on")
        raise
    terminal.end_line()
    _summary(out, description)


def _summary(out: Path, description: dict[str, Json]) -> None:
    for split, facts in description["splits"].items():
        print(
            f"{out}: {split}, {facts['images']} images, {facts['pixels'] * 3 / 1e9:.3f} GB, "
            f"{len(facts['skipped'])} skipped, {len(description['classes'])} classes"
        )


def _classes(text: str) -> slice:
    if not text:
        return slice(None)
    first, dash, last = text.partition("-")
    last = last if dash else first
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise UserError(f"--classes must be FIRST-LAST, e.g. 0-9. Received: {text!r}")
    return slice(int(first), int(last) + 1)


run = run_main(main)

if __name__ == "__main__":
    run()
