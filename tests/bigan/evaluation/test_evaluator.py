"""By what the best checkpoint is chosen."""

from bigan.evaluation.evaluator import selection


def test_accuracy_decides_then_reconstruction_then_samples():
    assert selection({"knn_output": 3.0, "knn_hidden": 9.0}) == 3.0
    assert selection({"knn_hidden": 9.0, "reconstruction": 1.0, "reconstruction_shuffled": 2.0}) == 9.0
    assert selection({"reconstruction": 1.0, "reconstruction_shuffled": 2.0, "nearest_sample": 7.0}) == -0.5
    assert selection({"nearest_sample": 7.0}) == -7.0 < selection({"nearest_sample": 6.0})
