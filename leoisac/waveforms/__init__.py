"""Transmitted and received waveforms: OTFS and OFDM modems, delay-Doppler channels, synthesis of echoes."""
