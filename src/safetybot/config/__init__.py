"""Settings: every one with its default and meaning, from files and the environment, and the last good ones on reload.

Lives here: the shape of `safetybot.toml` (`settings`), reading it with its overrides (`loading`), `LastGood`, and the
tables and JSON Schemas made of the shapes (`reference`). Does not live here: lexicon, rules and responses, which their
own rooms read.
"""

from safetybot.config.last_good import LastGood, Refreshed
from safetybot.config.loading import FILE, PREFIX, load_settings, packaged_dir
from safetybot.config.settings import (
    Confidence,
    Duration,
    Settings,
    StoreSettings,
    duration,
    setting_paths,
    written,
)

__all__ = [
    "FILE",
    "PREFIX",
    "Confidence",
    "Duration",
    "LastGood",
    "Refreshed",
    "Settings",
    "StoreSettings",
    "duration",
    "load_settings",
    "packaged_dir",
    "setting_paths",
    "written",
]
