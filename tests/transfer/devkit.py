"""A VOCdevkit folder as tests make it."""

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
