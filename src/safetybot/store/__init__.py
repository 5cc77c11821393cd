"""The memory of the bot: interactions, settings, opt-outs, audit, on SQLite or PostgreSQL."""
