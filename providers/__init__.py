"""Carriers. `base` says what every carrier gives and takes; one folder a carrier."""
