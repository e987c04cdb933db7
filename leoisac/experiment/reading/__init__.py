"""Stored results as labelled datasets, their statistics, how far they are. Computes no trial."""
