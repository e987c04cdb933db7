"""Estimators: samples in, estimates with what they are worth out. NumPy and SciPy; nothing here is traced."""
