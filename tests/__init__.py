"""Tests; `tests.worker` is what some of them run in processes of their own."""
