"""Detection: its parts beside brute force, and the task."""
