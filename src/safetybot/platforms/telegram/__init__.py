"""Telegram: updates to messages, answers to Telegram's own forms. No decisions."""
