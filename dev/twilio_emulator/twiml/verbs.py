"""Imports every verb so that the interpreter knows it."""

from . import verbs_basic, verbs_dial, verbs_gather, verbs_queue, verbs_record

__all__ = ["verbs_basic", "verbs_dial", "verbs_gather", "verbs_queue", "verbs_record"]
