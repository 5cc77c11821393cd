"""The command line, one file a command group."""

from safetybot.cli.lean import without

with without("rich", "greenlet"):  # for coloured tracebacks, which we do not use, and for context that we do not keep
    import structlog as structlog
