"""Loopback servers that speak a chat platform's protocol to the real client libraries; no test of the bot lives here."""
