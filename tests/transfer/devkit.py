"""A VOCdevkit folder as tests make it."""

import numpy as np
from PIL import Image


def annotate(root, name, objects, size=(60, 40)):
    """Writes one image and its annotation; objects are (class, difficult, corners)."""
    items = "".join(
        f"<object><name>{label}</name><difficult>{difficult}</difficult><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for label, difficult, (a, b, c, d) in objects
    )
    text = f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>{items}</annotation>"
    (root / "Annotations" / f"{name}.xml").write_text(text)
    Image.new("RGB", size).save(root / "JPEGImages" / f"{name}.jpg")


def segment(root, name, pixels, mask):
    """Writes one image, `(height, width, 3)`, and its mask, `(height, width)`, as VOC's palette image."""
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(root / "JPEGImages" / f"{name}.jpg", quality=95)
    image = Image.fromarray(mask)
    image.putpalette([n * 7 % 256 for n in range(768)])
    image.save(root / "SegmentationClass" / f"{name}.png")


def rectangles(folder, count=6):
    """Writes FOLDER/VOC2007, both splits the same grey images, each with a red (dog) and a blue (cat) rectangle.

    FOLDER/p.npz has boxes around them; masks, too, know them.
    """
    root, rng = folder / "VOC2007", np.random.default_rng(0)
    for place in ("Annotations", "JPEGImages", "ImageSets/Main", "ImageSets/Segmentation"):
        (root / place).mkdir(parents=True)
    names, regions = [str(i) for i in range(count)], []
    for name in names:
        pixels, objects = np.full((60, 80, 3), 90, np.uint8), []
        mask = np.zeros((60, 80), np.uint8)
        for k, (label, number) in enumerate((("dog", 12), ("cat", 8))):
            left, top = int(rng.integers(0, 20)) + 40 * k, int(rng.integers(0, 30))
            area = slice(top, top + 24), slice(left, left + 18)
            pixels[area][..., 2 * k] = 255
            mask[area] = number
            objects.append((label, 0, (left + 1, top + 1, left + 18, top + 24)))
        annotate(root, name, objects, (80, 60))
        segment(root, name, pixels, mask)
        truth = np.array([corners for *_, corners in objects])
        near = np.repeat(truth, 12, axis=0) + rng.integers(-9, 10, (24, 4))
        low = np.clip(near[:, :2], 1, (70, 50))
        regions.append(np.concatenate([low, np.clip(near[:, 2:], low, (80, 60))], axis=1))
    for sets in ("Main", "Segmentation"):
        for split in ("train", "val"):
            (root / "ImageSets" / sets / f"{split}.txt").write_text("\n".join(names))
    np.savez(folder / "p.npz", names=names, counts=[24] * count, boxes=np.concatenate(regions))
    return folder
