"""TensorBoard reads what we write."""

from bigan.training.event_log import EventLog


def test_tensorboard_reads_the_scalars(tmp_path):
    log = EventLog(tmp_path)
    for epoch in (1, 2):
        log.write({"epoch": epoch, "loss_D": 0.5 / epoch, "knn_output": 90 + epoch})
    log.close()
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    seen = EventAccumulator(str(tmp_path))
    seen.Reload()
    tags = {tag: [(e.step, e.tensor_proto.float_val[0]) for e in seen.Tensors(tag)] for tag in seen.Tags()["tensors"]}
    tags |= {tag: [(e.step, e.value) for e in seen.Scalars(tag)] for tag in seen.Tags()["scalars"]}
    assert tags == {"loss_D": [(1, 0.5), (2, 0.25)], "knn_output": [(1, 91.0), (2, 92.0)]}
