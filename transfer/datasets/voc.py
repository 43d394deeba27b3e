"""PASCAL VOC as it lies in a VOCdevkit folder: images, boxes, and labels of the classification task.

FOLDER/ImageSets/Main/SPLIT.txt, FOLDER/JPEGImages/ID.jpg, FOLDER/Annotations/ID.xml; FOLDER is VOCdevkit/VOC2007 or any
other year's, or a VOCdevkit with one year in it. Boxes are 1-based and inclusive, as VOC writes them. Masks are read in
`masks`.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigan.data.sources.tfds import prepared
from bigan.errors import UserError
from transfer.datasets.encoded import Encoded

CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


@dataclass(frozen=True)
class Box:
    """One object: its class's number, `(xmin, ymin, xmax, ymax)` in pixels, 1-based and inclusive, and difficult."""

    label: int
    corners: tuple[int, int, int, int]
    difficult: bool


@dataclass(frozen=True)
class Picture:
    """One annotated image."""

    name: str
    path: Path
    width: int
    height: int
    boxes: tuple[Box, ...]


def load(folder: str, split: str) -> list[Picture]:
    """The images of a split, with their boxes, in the order of its list.

    Args:
        folder: VOCdevkit/VOC2007, or a VOCdevkit with one year in it.
        split: 'train', 'val', 'trainval' or 'test'.

    Raises:
        UserError: naming the folder or file, if there is no such split, an image or annotation is missing or damaged, a
            class is unknown or a box lies outside its image.
    """
    root = year(folder)
    return [_picture(root, name) for name in listed(root, "Main", split)]


def listed(root: Path, sets: str, split: str) -> list[str]:
    """Names of a split's images, in the order of its list.

    Args:
        root: from `year`.
        sets: whose lists: 'Main' or 'Segmentation'.
        split: 'train', 'val', 'trainval' or 'test'.

    Raises:
        UserError: naming the file, if there is no such list, or it is damaged, empty or names an image twice.
    """
    path = root / "ImageSets" / sets / f"{split}.txt"
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.txt") if "_" not in p.stem) if path.parent.is_dir() else []
        raise UserError(f"{root}: has no ImageSets/{sets}/{split}.txt; splits there are: {', '.join(known) or 'none'}")
    try:
        names = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no list of images ({error.reason})") from error
    if not names or len(set(names)) < len(names):
        twice = next((name for name in names if names.count(name) > 1), "")
        raise UserError(f"{path}: lists {twice!r} twice" if twice else f"{path}: lists no images")
    return names


def labels(pictures: list[Picture]) -> np.ndarray:
    """`(n, 20)` int8 of the classification task: 1 present, 0 with difficult objects only, -1 absent."""
    out = np.full((len(pictures), len(CLASSES)), -1, np.int8)
    for i, picture in enumerate(pictures):
        for box in picture.boxes:
            out[i, box.label] = max(out[i, box.label], 0 if box.difficult else 1)
    return out


@dataclass(frozen=True)
class Labelled(Encoded):
    """Encoded images of any size, and which classes they show.

    Args:
        encoded: JPEG files' bytes.
        labels: `(n, 20)` int8, see `labels`.
        names: of the files, for errors.
    """

    encoded: list[bytes]
    labels: np.ndarray
    names: list[str]

    def digest(self) -> str:
        """Identifies images and labels."""
        total = hashlib.blake2b(np.ascontiguousarray(self.labels).tobytes(), digest_size=16)
        for image in self.encoded:
            total.update(hashlib.blake2b(image).digest())
        return total.hexdigest()


def classification(dataset: str, data_dir: str, split: str) -> Labelled:
    """A split of the classification task.

    Args:
        dataset: '' or 'voc' for a VOCdevkit folder, 'tfds:voc/2007' (or /2012) for TFDS's.
        data_dir: VOCdevkit/VOC2007 or the like, or TFDS's own data folder.
        split: 'train', 'val', 'trainval' or 'test'; of TFDS: 'train', 'validation' or 'test'.

    Raises:
        UserError: as `load` and `bigan.data.sources.tfds.prepared` do, or if there is no such dataset or split.
    """
    if dataset.startswith("tfds:"):
        return _from_tfds(dataset.removeprefix("tfds:"), data_dir, split)
    check_place(dataset, data_dir, "voc_classification", "voc or tfds:voc/2007")
    pictures = load(data_dir, split)
    return Labelled([p.path.read_bytes() for p in pictures], labels(pictures), [str(p.path) for p in pictures])


def check_place(dataset: str, data_dir: str, task: str, known: str = "voc") -> None:
    """Refuses other datasets than VOC's own folders, and none.

    Args:
        dataset, data_dir: as the user has named them; '' for none.
        task: for which.
        known: the datasets that it takes.

    Raises:
        UserError: naming the field.
    """
    if dataset not in ("", "voc"):
        raise UserError(f"`dataset` must be {known} for `task={task}`. Received: {dataset!r}")
    if not data_dir:
        raise UserError("`data_dir` is needed: VOCdevkit/VOC2007, or a VOCdevkit with one year in it")


def _from_tfds(name: str, data_dir: str, split: str) -> Labelled:
    import tensorflow_datasets as tfds

    builder = prepared(name, data_dir)
    if "labels_no_difficult" not in builder.info.features:
        raise UserError(f"`dataset=tfds:{name}`: has no feature 'labels_no_difficult'; tfds:voc/2007 has")
    split = "validation" if split == "val" else split
    if builder.info.splits and split not in builder.info.splits:
        raise UserError(f"`splits`: tfds:{name} has {', '.join(builder.info.splits)}. Received: {split!r}")
    if tuple(builder.info.features["labels"].names) != CLASSES:
        raise UserError(f"`dataset=tfds:{name}`: its classes are not VOC's 20")
    encoded, rows = [], []
    dataset = builder.as_dataset(split=split, shuffle_files=False, decoders={"image": tfds.decode.SkipDecoding()})
    for example in tfds.as_numpy(dataset):
        row = np.full(len(CLASSES), -1, np.int8)
        row[example["labels"]] = 0
        row[example["labels_no_difficult"]] = 1
        encoded.append(bytes(example["image"]))
        rows.append(row)
    return Labelled(encoded, np.stack(rows), [f"tfds:{name}, {split}, image {i}" for i in range(len(rows))])


def year(place: str) -> Path:
    """The folder of one year, given that or a VOCdevkit with one year in it.

    Raises:
        UserError: if it is neither.
    """
    folder = Path(place)
    if not folder.is_dir():
        raise UserError(f"`data_dir`: no such folder: {folder}")
    if (folder / "ImageSets").is_dir():
        return folder
    years = sorted(p for p in folder.glob("VOC20*") if (p / "ImageSets").is_dir())
    if len(years) != 1:
        found = f"several years: {', '.join(p.name for p in years)}" if years else "no ImageSets"
        raise UserError(f"`data_dir`: {folder} has {found}; pass the folder of one year, e.g. VOCdevkit/VOC2007")
    return years[0]


def _picture(root: Path, name: str) -> Picture:
    annotation, image = root / "Annotations" / f"{name}.xml", root / "JPEGImages" / f"{name}.jpg"
    for path, other in ((annotation, image), (image, annotation)):
        if not path.is_file():
            raise UserError(f"{path}: is missing{', though there is ' + str(other) if other.is_file() else ''}")
    try:
        tree = ElementTree.parse(annotation).getroot()
        width, height = (int(tree.findtext(f"size/{side}", "")) for side in ("width", "height"))
        boxes = tuple(_box(annotation, item, width, height) for item in tree.findall("object"))
    except (ElementTree.ParseError, ValueError, OverflowError, LookupError) as error:
        raise UserError(f"{annotation}: is no annotation of VOC's ({error})") from error
    return Picture(name, image, width, height, boxes)


def _box(annotation: Path, item: ElementTree.Element, width: int, height: int) -> Box:
    name = item.findtext("name", "").strip()
    if name not in CLASSES:
        raise UserError(f"{annotation}: {name!r} is none of VOC's 20 classes: {', '.join(CLASSES)}")
    # Some annotations of later years have fractions of pixels.
    corners = [round(float(item.findtext(f"bndbox/{side}", ""))) for side in ("xmin", "ymin", "xmax", "ymax")]
    left, top, right, bottom = corners
    if not (1 <= left <= right <= width and 1 <= top <= bottom <= height):
        raise UserError(f"{annotation}: the box {tuple(corners)} of {name} lies outside the image, {width} x {height}")
    return Box(CLASSES.index(name), (left, top, right, bottom), item.findtext("difficult", "0").strip() == "1")
