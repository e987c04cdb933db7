"""Transmitted and received waveforms: synthesis of echoes."""
