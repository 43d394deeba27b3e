"""What tests run in processes of their own: with another backend, with several devices, or to be killed.

Usage: python -m tests.worker NAME ARGUMENTS...; each function below is one NAME.
"""

import os
import runpy
import signal
import sys

import numpy as np

from baselines import TABLE_5_1
from bigan.config import Config

STEPS = 50
STEPPED = ("bigan", "switched")  # what takes them; of others the gradients are compared
METHOD_NAMES = sorted([*TABLE_5_1, "bigan_views", "denoising_autoencoder", "imsat", "simclr", "vicreg"])

# A method with all that can be switched on.
SWITCHED = {
    "method": "bigan_views",
    "latent": "normal_posterior",
    "heads": "unary",
    "adversarial": "hinge",
    "discriminator_norm": "none",
    "spectral": True,
    "r1": 0.1,
    "cycle_x": 0.5,
    "cycle_z": 0.5,
    "pair_view": True,
    "adversarial_examples": 8,
    "agreement_schedule": "falling",
    "rotation_weight": 0.5,
    "mixing": 0.5,
    "discriminator_rate": 0.5,
    "ema": 0.9,
    "agreement_layer": "own",
    "agreement": "information",
}
# And one whose adversary moves E's output layer alone.
RECIPE = {
    "method": "bigan_views",
    "adversary_moves": "output",
    "cycle_x": 1.0,
    "cycle_encoder": False,
    "adversarial_examples": 8,
}
# And one whose second view is moved where E's code turns most.
MOVED = {"method": "simclr", "virtual_adversarial": 0.05}


def tiny_config(**changes):
    return Config(
        width=16,
        latent_dim=4,
        epochs=4,
        batch_size=16,
        learning_rate=1e-3,
        final_learning_rate=1e-4,
        eval_every=2,
        save_every=1,
        statistics_batches=3,
        nearest_samples=64,
        logistic_examples=60,
        jit="off",  # XLA takes three times as long to compile such a run as TensorFlow takes to train it
        compared_samples=0,  # measured by tests of their own: others need not wait for the classifier
        view_mask=0.3,
        view_noise=0.1,
        projection=5,
        seed=3,
    ).replace(**changes)


def tiny_data():
    """Labelled 6 x 6 images in two classes, as keyword arguments of `bigan.train`."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    images = rng.integers(0, 100, (120, 6, 6, 1))
    images[labels == 1, :3] += 120
    return {
        "images": images[:90].astype(np.uint8),
        "labels": labels[:90],
        "test_images": images[90:].astype(np.uint8),
        "test_labels": labels[90:],
    }


def first_gradients_and_losses(out, *methods):
    """Of each method, by 'method/name': every variable's first gradient and, of some, 50 steps' losses."""
    np.savez(out, **{f"{method}/{n}": a for method in methods for n, a in _first_steps(method).items()})


def loss_gradients(model, batch):
    """Of a method's loss on one minibatch, as training has it, for each trainable variable; on either backend."""
    import keras

    tensors = {name: keras.ops.convert_to_tensor(value) for name, value in batch.items()}
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = model(tensors, training=True)["loss"]
        return tape.gradient(loss, model.trainable_variables)
    import jax

    def loss_of(trainable):
        other = [v.value for v in model.non_trainable_variables]
        return model.stateless_call(trainable, other, tensors, training=True)[0]["loss"]

    return jax.jit(jax.grad(loss_of))([v.value for v in model.trainable_variables])


def _first_steps(method):
    """From weights, images and latents drawn with NumPy."""
    import keras

    from bigan.data.batches import Minibatches
    from bigan.data.dataset import Examples
    from bigan.data.spec import Spec
    from bigan.models.method import create
    from bigan.training.optimizer import compile_for_training

    views = {"view_crop": 0.5, "view_mirror": True, "view_colour": 0.5, "view_blur": 0.5, "view_cutout": 0.2}
    switches = {"switched": SWITCHED, "recipe": RECIPE, "moved": MOVED}.get(method, {"method": method})
    config = Config(width=64, latent_dim=8, batch_size=32, epochs=1, seed=1, projection=6, **switches, **views)
    model = create(config, Spec((8, 8, 1)))
    rng = np.random.default_rng(5)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(0, 1.5 / np.sqrt(variable.shape[0]), variable.shape))
    for variable in model.non_trainable_variables:
        if variable.name == "u":  # of spectral normalization, drawn otherwise on each backend
            variable.assign(rng.normal(size=variable.shape))
    before = [keras.ops.convert_to_numpy(v.value) for v in model.non_trainable_variables]
    examples = Examples(rng.integers(0, 256, (320, 8, 8, 1), np.uint8))
    stream = Minibatches(examples, model.latent, 32, 1, inputs=model.step_inputs())
    batches = [stream[i][0] for i in range(STEPS)]
    gradients = loss_gradients(model, batches[0])
    for variable, value in zip(model.non_trainable_variables, before, strict=True):
        variable.assign(value)  # TensorFlow's call above has moved them
    found = {str(i): np.asarray(g) for i, g in enumerate(gradients)}
    if method not in STEPPED:
        return found
    # On TensorFlow XLA takes longer to compile them than the steps take without it.
    compile_for_training(model, config, STEPS, jit_compile=keras.backend.backend() == "jax")
    losses = []
    for batch in batches:
        model.reset_metrics()
        losses.append(float(model.train_on_batch(batch, return_dict=True)["loss"]))
    return found | {"losses": np.array(losses)}


def train(folder, networks, *methods):
    """Tiny runs on two devices and on one, each in FOLDER/DEVICES/METHOD."""
    from bigan.training.train import train

    for replicas in (2, 1):
        config = tiny_config(replicas=replicas, device="cpu", networks=networks, init_stddev=0.1)
        for method in methods:
            train(config.replace(method=method), f"{folder}/{replicas}/{method}", progress=False, **tiny_data())


def train_compared(workdir):
    """A tiny run on two devices, whose samples are compared on a classifier's features that is trained there."""
    from bigan.training.train import train

    os.environ["BIGAN_CACHE"] = f"{workdir}/cache"
    train(tiny_config(replicas=2, device="cpu", compared_samples=30), workdir, progress=False, **tiny_data())


def train_and_die(workdir, point, count):
    """A tiny run that is killed by SIGKILL at one of the points below, when it gets there for the `count`-th time."""
    from bigan.training.run_directory import RunDir
    from bigan.training.train import train
    from bigan.training.trainer import Trainer

    left = [int(count)]

    def deadly(function, when=lambda *a: True):
        def wrapped(*arguments, **keywords):
            if when(*arguments):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **keywords)

        return wrapped

    if point == "step":
        Trainer.on_train_batch_end = deadly(Trainer.on_train_batch_end)
    elif point == "snapshot_rename":
        os.replace = deadly(os.replace, lambda source, target: "state.npz" in str(target))
    elif point == "checkpoint_rename":
        os.replace = deadly(os.replace, lambda source, target: "checkpoints" in str(target))
    elif point == "metrics":
        RunDir.write_metrics = deadly(RunDir.write_metrics)
    train(tiny_config(), workdir, progress=False, **tiny_data())


def benchmark_without_torch():
    """scripts.benchmark beside a peer that cannot be imported."""
    sys.modules["torch"] = None
    sys.argv[1:] = ["--preset=mnist", "--peer=torch"]
    runpy.run_module("scripts.benchmark", run_name="__main__")


def keras_is_imported_by_prepare(script, *flags):
    """A script, in which nothing may import Keras before `prepare`: what that sets would come too late."""
    from bigan.runtime import backend

    prepare, before = backend.prepare, []

    def watched(config):
        before.append("keras" in sys.modules)
        prepare(config)

    backend.prepare = watched
    sys.argv[1:] = flags
    try:
        runpy.run_module(f"scripts.{script}", run_name="__main__")
    except SystemExit as end:
        assert not end.code, end
    assert before and not before[0]


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
