"""Measures the training step, in one process and in turns, against what it is made of and against the usual loop.

python -m scripts.benchmark --preset=mnist --out=benchmark.md  # loops and products (bigan.benchmarks.loops)
python -m scripts.benchmark --preset=tiny32_thesis --data_dir=STORE  # step, input, both (bigan.benchmarks.pipeline)
python -m scripts.benchmark --preset=tiny32_thesis --peer=torch  # the step beside PyTorch's (bigan.benchmarks.peer)
python -m scripts.benchmark --preset=tiny32_thesis --profile  # the step's operations (bigan.benchmarks.operations)

The flags of scripts.train say which networks. Without --data_dir, images are random bytes.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from bigan.errors import UserError
from bigan.runtime import backend, files

from .flags import FLAGS, config_from_flags, define_config_flags, define_plugins_flag
from .main import run_main

flags.DEFINE_integer("rounds", 7, "turns of each contestant, after one that warms up", lower_bound=1)
flags.DEFINE_integer("steps", 20, "training steps, or repetitions, in a turn", lower_bound=1)
flags.DEFINE_integer("images", 10_000, "size of the synthetic store, where there is no --data_dir", lower_bound=1000)
flags.DEFINE_enum("peer", None, ["torch"], "measure beside the same step in PyTorch; needs the extra 'bench'")
flags.DEFINE_bool("profile", False, "list what the step's operations take, by TensorFlow's profiler")
flags.DEFINE_string("out", None, "file for the result besides standard output: Markdown (.md) or JSON (.json)")
define_plugins_flag()


def main() -> None:
    """Checks what is asked for, measures, and prints the result."""
    config, out = config_from_flags(), Path(FLAGS.out or "")
    if FLAGS.out is not None and (out.suffix not in (".md", ".json") or not out.absolute().parent.is_dir()):
        raise UserError(f"--out must be a .md or .json file in a folder that exists. Received: {FLAGS.out!r}")
    if FLAGS.profile and FLAGS.peer:
        raise UserError("--profile is of our step alone: pass it without --peer")
    backend.prepare(config)
    from bigan.benchmarks import loops, operations, pipeline, report

    if FLAGS.profile:
        result = operations.run(config, FLAGS.steps)
    elif FLAGS.peer:
        try:
            from bigan.benchmarks import peer
        except ModuleNotFoundError as error:
            raise UserError("--peer=torch needs PyTorch: pip install 'bigan[bench]'") from error
        result = peer.run(config, FLAGS.rounds, FLAGS.steps)
    elif config.dataset == "store":
        result = pipeline.run(config, FLAGS.rounds, FLAGS.steps, FLAGS.images)
    else:
        result = loops.run(config, FLAGS.rounds, FLAGS.steps)
    print(text := report.markdown(result))
    if FLAGS.out is not None:
        files.write_json(out, result) if out.suffix == ".json" else files.write_text(out, text + "\n")


def define() -> None:
    """Flags of the configuration, with the preset whose step has a floor."""
    define_config_flags()
    FLAGS.set_default("preset", "mnist")


run = run_main(main, define)

if __name__ == "__main__":
    run()
