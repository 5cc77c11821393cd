"""The command line, one file a command group."""

from safetybot.cli.lean import without

with without("rich"):  # for coloured tracebacks, which we do not use
    import structlog as structlog
