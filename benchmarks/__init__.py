"""Measurements that are not tests: they take long, or depend on the machine. Results stand in docs/."""
