"""What a command needs, made when it is first asked for: settings, detector, responses."""

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
        return [packaged_dir("config"), *([self.config_dir] if self.config_dir else [])]

    @property
    def responses_dirs(self) -> list[Path]:
        """The packaged responses folder, then the operator's."""
        return [packaged_dir("responses"), *([self.responses_dir] if self.responses_dir else [])]

    def files(self) -> list[Path]:
        """Every file that detector and responses are read from."""
        folders = [*self.config_dirs, *self.responses_dirs]
        return [path for folder in folders for path in folder.rglob("*") if path.suffix in (".yaml", ".md", ".bin")]

    @cached_property
    def settings(self) -> Settings:
        """All settings. Raises `InvalidDocument`."""
        return load_settings(self.config_dir, os.environ)

    @cached_property
    def detector(self) -> Detector:
        """The detector of the config in force. Raises `InvalidDocument`."""
        return self.fresh_detector()

    @cached_property
    def library(self) -> ResponseLibrary:
        """The responses in force. Raises `InvalidDocument`."""
        return self.fresh_library()

    def fresh_detector(self, *, with_model: bool | None = None) -> Detector:
        """The detector, read anew. `with_model` overrides the setting. Raises `InvalidDocument`."""
        wanted = self.settings.detection.classifier if with_model is None else with_model
        return load_detector(self.config_dirs, with_model=wanted)

    def fresh_library(self) -> ResponseLibrary:
        """The responses, read anew. Raises `InvalidDocument`."""
        return ResponseLibrary.load(self.responses_dirs)
