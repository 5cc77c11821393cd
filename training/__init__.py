"""Trains the classifier that the bot carries; nothing here is installed with it."""
