"""Tasks on frozen features."""
