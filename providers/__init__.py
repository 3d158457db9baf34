"""Providers. `base` says what every provider gives and takes; one folder a provider."""
