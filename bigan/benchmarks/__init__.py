"""Measurements that are not tests: they take long, or depend on the machine. Records are in the folder benchmarks/."""
