"""Agents and callers driven at random against the real stack, while everything that may fail does.

dev/test torture                        a minute, as CI does
TELEPHONY_TORTURE=600 dev/test torture  ten minutes of trouble; TELEPHONY_SEED chooses others
"""
