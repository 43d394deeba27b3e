"""The tasks there are, by name (`task`). Each is one module and one line below; a task is imported when it is used."""

from __future__ import annotations

from bigan.registry import Registry

TASKS = Registry(
    "task",
    "evaluate",
    {
        "knn": "transfer.probes.knn:Knn",
        "linear": "transfer.probes.linear:Linear",
        "low_shot": "transfer.probes.low_shot:LowShot",
        "frozen_layers": "transfer.classification.frozen_layers:FrozenLayers",
        "voc_classification": "transfer.classification.voc_classification:VocClassification",
        "voc_detection": "transfer.detection.voc_detection:VocDetection",
        "voc_segmentation": "transfer.segmentation.voc_segmentation:VocSegmentation",
    },
)
