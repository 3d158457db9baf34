"""The first hour with a real Twilio account, see ``dev/live``."""
