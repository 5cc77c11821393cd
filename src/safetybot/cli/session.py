"""What a command needs, made when it is first asked for: settings, detector, responses, store."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from safetybot.config import Settings, load_settings, packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.detection.detector import Detector
from safetybot.responses import ResponseLibrary


class Session:
    """One run of the command line."""

    def __init__(self, config_dir: Path | None = None, responses_dir: Path | None = None) -> None:
        """Remember where an operator's own files are, if anywhere."""
        self.config_dir = config_dir
        self.responses_dir = responses_dir

    @property
    def config_dirs(self) -> list[Path]:
        """The packaged config folder, then the operator's."""
        own = self.config_dir
        return [packaged_dir("config"), *([own] if own else [])]

    @property
    def responses_dirs(self) -> list[Path]:
        """The packaged responses folder, then the operator's."""
        own = self.responses_dir
        return [packaged_dir("responses"), *([own] if own else [])]

    @cached_property
    def settings(self) -> Settings:
        """All settings. Raises `InvalidDocument`."""
        return load_settings(self.config_dir, os.environ)

    @cached_property
    def detector(self) -> Detector:
        """The detector of the config in force. Raises `InvalidDocument`."""
        return load_detector(self.config_dirs)

    @cached_property
    def library(self) -> ResponseLibrary:
        """The responses in force. Raises `InvalidDocument`."""
        return ResponseLibrary.load(self.responses_dirs)
