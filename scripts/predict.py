"""What a trained detector or segmenter sees in images of your own: boxes as JSON, masks as PNG.

python -m scripts.predict --model=RUN/transfer/voc_detection/RUN-all-1a2b3c4d --images=a.jpg,holidays/ --out=found

scripts.transfer --task=voc_detection and --task=voc_segmentation keep what they have trained in a folder beside their
results. Loading it imports the module that it names, so load only what you trust.
"""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from bigan.errors import UserError

from .flags import FLAGS, define_plugins_flag
from .main import run_main

flags.DEFINE_string("model", None, "the folder that a task has kept")
flags.DEFINE_list("images", [], "files, or folders of images, separated by commas")
flags.DEFINE_string("out", None, "folder for what is found, a file for each image, called after it")
flags.DEFINE_string("device", "auto", "auto | cpu | gpu")
define_plugins_flag()


def main() -> None:
    """Reads every image, predicts, writes."""
    places = [Path(name) for name in FLAGS.images if name]
    if not FLAGS.model or not FLAGS.out or not places:
        raise UserError("--model, --images and --out are needed")
    from transfer import predictor

    paths = [path for place in places for path in predictor.images_in(place)]
    stems = [path.stem for path in paths]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice:
        raise UserError(f"--images: two of them are called {twice!r}; their files would overwrite each other")
    for path in paths:
        predictor.read_image(path)  # a damaged one is found before anything is written
        if path.resolve().parent == Path(FLAGS.out).resolve():
            raise UserError(f"--out: {FLAGS.out} holds {path}, which might be overwritten; name another folder")
    model = predictor.load(FLAGS.model, FLAGS.device)
    for i, path in enumerate(paths, 1):
        image = predictor.read_image(path)
        for written in model.write(path.name, model.predict(image), image.shape[1::-1], Path(FLAGS.out)):
            print(written)
        print(f"predict: {i:,}/{len(paths):,}", file=sys.stderr, flush=True)


run = run_main(main)

if __name__ == "__main__":
    run()
