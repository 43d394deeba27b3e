"""Named configurations. Each docstring states the command, its cost and the score to expect."""

from __future__ import annotations

from collections.abc import Callable

from bigan.config import Config
from bigan.errors import UserError


def digits() -> Config:
    """8 x 8 handwritten digits bundled with scikit-learn: the embedded default, nothing to download; the recipe.

    E also agrees on slightly cropped, noisy views, and G(E(x)) is pulled towards x (`bigan_views`).

    Command: `make train`, or `python -m scripts.train --preset=digits --workdir=runs/digits`.
    Cost: a minute on 2 CPU cores, two on one core without AVX-512. Score to expect: knn_hidden 98.3 to 99.4 %,
    knn_output 98.3 to 99.4 % (raw pixels: 99.2 %), reconstruction 1.4 of 3.2 shuffled.
    """
    return digits_thesis().replace(
        preset="digits",
        method="bigan_views",
        view_crop=0.2,
        view_noise=0.1,
        agreement_weight=3.0,
        cycle_x=3.0,
        epochs=200,
    )


def digits_thesis() -> Config:
    """The thesis's BiGAN on the same digits.

    Command: `python -m scripts.train --preset=digits_thesis --workdir=runs/digits-thesis`.
    Cost: a minute on 2 CPU cores. Score to expect: reconstruction 2.0 to 2.3 of 3.1 shuffled (untrained: 3.4 of 3.4),
    knn_output 95 %. With 1,437 training images 1-NN on raw pixels (99.2 %) stays ahead; what is learned is to
    generate and to invert.
    """
    return Config(
        preset="digits_thesis",
        dataset="digits",
        width=512,
        latent_dim=32,
        epochs=400,
        eval_every=50,
        save_every=100,
        nearest_samples=10_000,
    )


def mnist() -> Config:
    """The permutation-invariant MNIST model of section 5.5.3.1: MLPs of 1024 units, d = 50, 400 epochs.

    Command: `python -m scripts.train --preset=mnist --data_dir=FOLDER_WITH_THE_IDX_FILES --workdir=runs/mnist`
    (or `--dataset=tfds:mnist`). Cost: 9 to 11 s an epoch on 2 CPU cores of an AMD EPYC with AVX-512.
    Score to expect: knn_hidden 96.5 % after 50 epochs, 96.8 after 400, for which the thesis reports 97.39.
    """
    return Config(preset="mnist", dataset="idx")


def mnist_views() -> Config:
    """The recipe on permutation-invariant MNIST: views are moved where E's code turns most, as for any vectors.

    Command: `python -m scripts.train --preset=mnist_views --data_dir=FOLDER_WITH_THE_IDX_FILES
    --workdir=runs/mnist-views`. Cost: one to two hours on one core of an AMD EPYC without AVX-512. Score to expect:
    on the test images, seeds 0, 1 and 2: knn_hidden 98.14, 98.21, 98.17 %, logistic_hidden
    98.10, 98.30, 98.26 %, knn_output 98.19, 98.29, 98.30 % (raw pixels: 96.9), reconstruction
    0.60, 0.59, 0.61 of shuffled.
    """
    return mnist().replace(
        preset="mnist_views",
        method="bigan_views",
        virtual_adversarial=0.1,
        agreement="information",
        agreement_layer="own",
        agreement_weight=3.0,
        adversary_moves="output",
        cycle_x=1.0,
        adversarial_examples=128,
        batch_size=256,
        learning_rate=2e-3,
        discriminator_rate=0.1,
        epochs=50,
    )


def vectors() -> Config:
    """Any floating-point vectors, `.npy` or `.npz`, min-max scaled: the mnist model on your own data.

    Command: `python -m scripts.train --preset=vectors --data_dir=FILE.npy --workdir=runs/vectors`.
    Cost: at least 6,000 vectors of 64 columns a second on 2 CPU cores. Score to expect: it depends on the data;
    a reconstruction well below reconstruction_shuffled says that something was learned.
    """
    return Config(preset="vectors", dataset="vectors", width=512, epochs=200)


def imagenet64() -> Config:
    """The ImageNet model of section 5.5.3.2 at 64 px: AlexNet encoder, DCGAN generator and joint discriminator.

    Command: `python -m scripts.prepare --dataset=tfds:imagenet2012 --edge=72 --out=stores/imagenet72` (or
    `--dataset=images --data_dir=FOLDER` with train/CLASS/*.JPEG and val/CLASS/*.JPEG), then
    `python -m scripts.train --preset=imagenet64 --data_dir=stores/imagenet72 --workdir=runs/imagenet64`.
    Cost: the thesis took 40 minutes an epoch on a Titan X; for a GPU only. Score to expect: Tables 5.2 and 5.3.
    """
    return Config(
        preset="imagenet64",
        networks="alexnet",
        dataset="store",
        crop=64,
        flip=True,
        latent_dim=200,
        width=64,
        epochs=100,
        eval_every=10,
        save_every=5,
        knn_examples=50_000,
    )


def imagenet112() -> Config:
    """As `imagenet64`, the encoder seeing 112 px of the same crop (generalized BiGAN, section 5.2.5).

    Command: as for `imagenet64`, with `--edge=128 --out=stores/imagenet128`. Cost: a fifth more than `imagenet64`.
    """
    return imagenet64().replace(preset="imagenet112", crop=112, resolution=64)


def imagenette64() -> Config:
    """`imagenet64` on ten classes for the 400 epochs of the released code's examples.

    Command: `python -m scripts.prepare --dataset=tfds:imagenette --edge=72 --out=stores/imagenette72` (or a folder,
    as for `imagenet64`), then
    `python -m scripts.train --preset=imagenette64 --data_dir=stores/imagenette72 --workdir=runs/imagenette64`.
    Cost: 100 images/s on 2 CPU cores with AVX-512, 156 with `--precision=bfloat16`, so for a GPU. Score to expect: the
    released code reports, for another ten classes, knn_hidden 48.5 % (untrained 36.0) and reconstruction 50.7 of 80.7
    shuffled.
    """
    return imagenet64().replace(preset="imagenette64", epochs=400, eval_every=25, save_every=25)


def imagenette112() -> Config:
    """`imagenet112` on ten classes, 400 epochs.

    Command: as for `imagenette64`, with `--edge=128 --out=stores/imagenette128`. Score to expect: the released code
    reports, for another ten classes, knn_hidden 48.6 % (untrained 34.1) and reconstruction 53.2 of 80.4 shuffled.
    """
    return imagenet112().replace(preset="imagenette112", epochs=400, eval_every=25, save_every=25)


def tiny32() -> Config:
    """Natural images at 32 px on a laptop's CPU: the recipe, features and a generator and its inverse.

    E's hidden layers agree, through a layer of their own, on random crops, colours and mirror images of x, partly mixed
    with another example's, and tell their quarter turns; E's outputs learn the neighbours that they have there. A
    thesis's D, on a quarter of each minibatch, moves G and E's output layer, and a pull of G(E(x)) towards x makes G
    the inverse. G upsamples before it convolves.

    Command: `python -m scripts.prepare --data_dir=FOLDER --edge=36 --out=stores/tiny36`, then
    `python -m scripts.train --preset=tiny32 --precision=bfloat16 --data_dir=stores/tiny36 --workdir=runs/tiny32`.
    Cost: 14 minutes on one core of an AMD EPYC for 6,000 images; 71 on one without AVX-512 and bfloat16 products, where
    `--precision` is better left out. Score to expect, on ten ImageNet classes, seeds 0, 1 and 2: logistic_hidden 59.6,
    60.0, 60.1 %, knn_hidden 50.3, 50.1, 49.2, knn_output 54.5, 54.0, 52.1, reconstruction 0.71, 0.77, 0.74 of shuffled.
    """
    return tiny32_thesis().replace(
        preset="tiny32",
        method="bigan_views",
        networks="upsampling",
        view_crop=0.65,
        view_mirror=True,
        view_colour=0.3,
        view_grey=0.1,
        agreement_weight=3.0,
        agreement_layer="own",
        mixing=0.5,
        rotation_weight=0.4,
        adversary_moves="output",
        cycle_x=1.0,
        cycle_encoder=False,
        adversarial_examples=32,
        batch_size=128,
        learning_rate=1e-3,
        latent_stddev=0.3,
        epochs=150,
        eval_every=50,
        save_every=50,
    )


def tiny32_thesis() -> Config:
    """The thesis's BiGAN on natural images at 32 px, with small networks: colour and layout.

    The encoder has D's shape, three 5 x 5 convolutions at stride 2, each normalized: AlexNet's stride of 4 and two
    pools would leave 2 x 2 positions of 32 x 32 pixels. z enters D nearer to the scale of what it is added to
    (0.1; under the released code's 0.5 D is blind to x for thousands of steps), and minibatches of 64 give more steps.

    Command: as for `tiny32`, with `--preset=tiny32_thesis`.
    Cost: 11 minutes on 2 CPU cores for 6,000 images. Score to expect, on ten ImageNet classes: knn_hidden
    34 %, untrained 26; with `--epochs=200`, 43.
    """
    return Config(
        preset="tiny32_thesis",
        networks="dcgan",
        dataset="store",
        crop=32,
        flip=True,
        latent_dim=100,
        width=32,
        batch_size=64,
        latent_stddev=0.1,
        epochs=60,
        eval_every=20,
        save_every=20,
        nearest_samples=10_000,
        logistic_examples=3000,
    )


PRESETS: dict[str, Callable[[], Config]] = {
    preset.__name__: preset
    for preset in (
        digits,
        digits_thesis,
        mnist,
        mnist_views,
        vectors,
        tiny32,
        tiny32_thesis,
        imagenette64,
        imagenette112,
        imagenet64,
        imagenet112,
    )
}


def get(name: str) -> Config:
    """The preset called `name`.

    Raises:
        UserError: if there is none; the line lists those that there are.
    """
    if name not in PRESETS:
        raise UserError(f"`preset` must be one of {', '.join(PRESETS)}. Received: {name!r}")
    return PRESETS[name]()
