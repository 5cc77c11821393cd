"""Loopback servers that speak a chat platform's protocol to the real libraries; no test of the bot lives here."""
