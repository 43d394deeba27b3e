"""The training loop: one `keras.Model.fit` from wherever the run stands to its end."""

from __future__ import annotations

import math

import keras

from bigan.config import Config
from bigan.data.augment import Augment
from bigan.data.batches import Minibatches
from bigan.data.dataset import Dataset
from bigan.data.splits import Split
from bigan.models.method import Method, create
from bigan.runtime import backend, compilation, distribution, processes
from bigan.training.follower import Follower
from bigan.training.optimizer import compile_for_training
from bigan.training.run_directory import RunDir
from bigan.training.signals import Interruption
from bigan.training.trainer import Trainer


def run_training(config: Config, dataset: Dataset, split: Split, run: RunDir | None, report: bool = True) -> None:
    """Trains the run to its end from wherever it stands. See `bigan.train`.

    Args:
        config, dataset, split: of the run.
        run: its directory; None in a process that follows process 0, and writes nothing.
        report: whether to report progress on standard error.
    """
    with Interruption() as interruption, distribution.strategy(config), processes.together():
        with backend.silent_libraries():  # on JAX too, Keras imports TensorFlow here, to seed it
            keras.utils.set_random_seed(config.seed)  # for networks of a user's, whose initializers have no seed
        model = create(config, dataset.spec)
        batches = minibatches(config, split, model)
        batches.minibatch(0, 0)  # a step input that cannot be made is refused before anything is written
        compile_for_training(model, config, batches.steps, compilation.use_xla(config, model.xla_on_cpu))
        trainer: Follower
        if run is None:
            trainer = Follower(config, model, batches.steps, interruption)
        else:
            trainer = Trainer(config, model, split, run, batches.steps, interruption, report)
        trainer.resume()
        # Keras dispatches in whole groups, so a group must fit into the epoch and into what is left of it.
        whole = math.gcd(batches.steps, trainer.record.step)
        most = min(config.steps_per_dispatch, whole)
        model.steps_per_execution = max(n for n in range(1, most + 1) if whole % n == 0)
        if isinstance(trainer, Trainer) and model.steps_per_execution < config.steps_per_dispatch:
            trainer.progress.say(
                f"{batches.steps} steps an epoch are dispatched {model.steps_per_execution} at a time: "
                f"steps_per_dispatch={config.steps_per_dispatch} does not divide them"
            )
        if isinstance(trainer, Trainer) and (line := compilation.slower(config)):
            trainer.progress.say(line)
        trainer.stop_if_asked()
        if run is not None:
            parameters = {role: network.count_params() for role, network in model.networks.items()}
            about = {"name": dataset.name, "classes": list(dataset.classes)}
            run.write_config(config, dataset.spec, split.fingerprint, about, parameters)
        trainer.begin()
        while trainer.record.epoch < config.epochs:
            # fit knows whole epochs only: what is left of an interrupted one is a fit of its own.
            epoch, partial = trainer.record.epoch, trainer.record.step > 0
            model.fit(
                minibatches(config, split, model, trainer.position).feed(),
                initial_epoch=epoch,
                epochs=epoch + 1 if partial else config.epochs,
                steps_per_epoch=batches.steps - trainer.record.step,
                shuffle=False,
                verbose=0,
                callbacks=[trainer],
            )
            processes.wait()  # what process 0 saves is safe
            trainer.stop_if_asked()
        trainer.finish()
        processes.wait()


def minibatches(config: Config, split: Split, model: Method, start: int = 0) -> Minibatches:
    """The run's minibatches from the `start`-th on, counted over all epochs."""
    return Minibatches(
        split.train,
        model.latent,
        config.batch_size,
        config.seed,
        start,
        Augment(config.flip),
        model.step_inputs(),
        distribution.part(config.batch_size),
    )
