"""What encoders' features, or convolutions, are worth on a labelled task, for one run or several, column by column.

python -m scripts.transfer --run=runs/mnist --task=knn --k=5
python -m scripts.transfer --run=runs/tiny32,runs/tiny32-ae,random --task=linear --layer=conv1,conv2,conv3
python -m scripts.transfer --run=runs/tiny32,random --task=voc_classification --data_dir=VOCdevkit --crop=64

'random' stands for the untrained network of the first run named; a .keras file for a model of your own. Writes
results.json, table.md, table.csv and plot.png; what results.json holds already is not computed again. A task's options
are flags: those of the task at hand are known, and no others.
"""

from __future__ import annotations

import inspect
from typing import cast

from absl import flags

import transfer
from bigan.errors import UserError
from transfer.task import Task
from transfer.tasks import TASKS

from .flags import FLAGS, define_plugins_flag, define_settings_flags, early, given_settings, settings_help
from .main import run_main
from .runs import define_run_flags

DEFAULT = "knn"

flags.DEFINE_string("task", DEFAULT, "what encoders are evaluated on: a task below, or an importable 'module:Class'")
flags.DEFINE_list("layer", [], "columns, separated by commas: layers, or what the task varies; none: the task's choice")
flags.DEFINE_list("input_range", ["0", "255"], "what a .keras file's input makes of 0 and 255")
flags.DEFINE_integer(
    "resize", 0, "shorter edge that the images of --dataset=images or tfds:NAME get, before crops of the run's size"
)
flags.DEFINE_string("out", "", "folder for the results (default: FIRST_RUN/transfer/TASK)")
define_run_flags("run directories, separated by commas; 'random' and .keras files among them")
define_plugins_flag()


def main() -> None:
    """Evaluates what is not evaluated yet, prints and writes the table."""
    results = transfer.run(
        [place for place in (FLAGS.run or "").split(",") if place],
        FLAGS.task,
        [name for name in FLAGS.layer if name],
        FLAGS.out or None,
        checkpoint=FLAGS.checkpoint,
        dataset=FLAGS.dataset,
        data_dir=FLAGS.data_dir,
        device=FLAGS.device,
        input_range=_input_range(),
        resize=FLAGS.resize,
        **given_settings(_task().Options),
    )
    print(results.table().markdown())
    print(f"{results.folder}: {', '.join(results.written)}")
    for place in results.kept():
        print(place)


def _task() -> type[Task]:
    return cast(type[Task], TASKS.resolve(early("task", DEFAULT)))


def _define() -> None:
    """The flags of the task that --task names."""
    try:
        define_settings_flags(_task().Options)
    except flags.DuplicateFlagError as error:
        line = str(error).partition(".")[0]
        raise UserError(f"--task={early('task', DEFAULT)} has an option that this script has too: {line}") from error


def _input_range() -> tuple[float, float]:
    try:
        low, high = (float(end) for end in FLAGS.input_range)
    except ValueError as error:
        raise UserError(f"--input_range must be LOW,HIGH. Received: {','.join(FLAGS.input_range)!r}") from error
    return low, high


def _help() -> str:
    chosen = early("task", DEFAULT)
    lines = ["\ntasks, and the flags of each:"]
    for name in dict.fromkeys([*TASKS, chosen]):
        task = cast(type[Task], TASKS.resolve(name))
        options = "  (above)" if name == chosen else settings_help(task.Options)
        lines.append(f"\n--task={name}: {inspect.cleandoc(task.__doc__ or '').partition(chr(10))[0]}\n{options}")
    return "\n".join(lines)


run = run_main(main, _define, _help)

if __name__ == "__main__":
    run()
