"""Labelled data sets that tasks bring themselves."""
