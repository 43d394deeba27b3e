"""Training: one entry point, one loop, and run directories that survive a kill at any instant."""
