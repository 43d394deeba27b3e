"""Interrupted, resumed, made longer: the end is the same."""

import json
import os
import signal

import numpy as np
import pytest

from bigan.errors import UserError
from bigan.training.run_directory import RunDir, read_arrays
from bigan.training.signals import Terminated
from bigan.training.train import train
from bigan.training.trainer import Trainer
from tests.runs import same_run
from tests.worker import SWITCHED

pytestmark = pytest.mark.slow


@pytest.mark.jax
def test_a_signal_saves_and_the_run_resumes_bit_for_bit(tmp_path, whole, tiny, data, method, monkeypatch):
    """Interrupted in the middle of an epoch, by SIGTERM or Ctrl-C, for every method."""
    number = signal.SIGINT if "auto" in method else signal.SIGTERM
    config = tiny.replace(method=method)
    batch_end = Trainer.on_train_batch_end

    def interrupting(self, batch, logs=None):
        if self.record.epoch == 2 and batch == 1:
            os.kill(os.getpid(), number)
        batch_end(self, batch, logs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt) as raised:
        patch.setattr(Trainer, "on_train_batch_end", interrupting)
        train(config, tmp_path, progress=False, **data)
    assert (raised.type is Terminated) == (number == signal.SIGTERM)
    notes = json.loads(str(read_arrays(RunDir(tmp_path).snapshot)["notes"]))
    assert (notes["epoch"], notes["step"]) == (2, 2) and not RunDir(tmp_path).complete()
    train(config, tmp_path, progress=False, **data)
    same_run(whole(method).directory.path, tmp_path)


def test_all_switches_together_resume_bit_for_bit(tmp_path, tiny, data, monkeypatch):
    """And what is evaluated is the average of the weights, which training itself does not go on from."""
    config = tiny.replace(**SWITCHED, virtual_adversarial=0.05)
    whole = train(config, tmp_path / "whole", progress=False, **data)
    begin = Trainer.on_epoch_begin

    def stopping(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt
        begin(self, epoch, logs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "on_epoch_begin", stopping)
        train(config, tmp_path / "parts", progress=False, **data)
    train(config, tmp_path / "parts", progress=False, **data)
    same_run(whole.directory.path, tmp_path / "parts")
    state = read_arrays(whole.directory.snapshot)
    kept = read_arrays(whole.directory.checkpoints / "4.npz")
    (name,) = (n for n in kept if n.startswith("encoder") and "linear1/kernel" in n)
    averages = [array for n, array in state.items() if n.startswith("optimizer") and "average" in n]
    assert not np.array_equal(state[name], kept[name])
    assert any(np.array_equal(array, kept[name]) for array in averages)


def test_ctrl_c_in_an_evaluation_or_at_an_epochs_end_loses_nothing(tmp_path, whole, tiny, data, monkeypatch):
    for number, (owner, name, epoch) in enumerate(
        [(Trainer, "_look", 0), (Trainer, "_look", 2), (Trainer, "on_train_batch_end", 3), (Trainer, "_results", 4)]
    ):
        original = getattr(owner, name)

        def interrupting(self, *arguments, original=original, epoch=epoch, **keywords):
            last = not arguments or arguments[0] == 4  # the last minibatch of an epoch
            if self.record.epoch == epoch and last:
                os.kill(os.getpid(), signal.SIGINT)
            return original(self, *arguments, **keywords)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(owner, name, interrupting)
            train(tiny, tmp_path, progress=False, **data)
        assert not RunDir(tmp_path).complete(), number
    train(tiny, tmp_path, progress=False, **data)
    same_run(whole().directory.path, tmp_path)


def test_changed_epochs(tmp_path, tiny, data, monkeypatch):
    """In the constant half the length may change, and the run is then as if it had always been so; later not."""
    train(tiny.replace(epochs=6), tmp_path / "six", progress=False, **data)
    begin = Trainer.on_epoch_begin

    def stop_after(count):
        def stopping(self, epoch, logs=None):
            if epoch == count:
                raise KeyboardInterrupt
            begin(self, epoch, logs)

        return stopping

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "on_epoch_begin", stop_after(2))
        train(tiny, tmp_path / "four", progress=False, **data)
    with pytest.raises(UserError, match="`epochs`: .* has done 2 of 4 epochs"):
        train(tiny.replace(epochs=3), tmp_path / "four", progress=False, **data)
    train(tiny.replace(epochs=6), tmp_path / "four", progress=False, **data)
    rows = [RunDir(tmp_path / n).read_metrics()[-1] for n in ("six", "four")]
    assert rows[0]["loss"] == rows[1]["loss"] and rows[0]["knn_output"] == rows[1]["knn_output"]
    with pytest.raises(UserError, match="`epochs`"):
        train(tiny.replace(epochs=60), tmp_path / "four", progress=False, **data)
