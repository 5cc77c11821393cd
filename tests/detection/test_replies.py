"""Everyday replies after talk of the topic: the bot answers the talk, not the greeting after it."""

import pytest

from safetybot.config import packaged_dir
from safetybot.detection.assembly import load_detector
from safetybot.detection.detector import Detector
from safetybot.model import Concern, ThreadLine


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector([packaged_dir("config")])


@pytest.mark.parametrize("reply", ["hi", "lol", "good morning everyone", "thanks!", "wow", "pizza's here"])
@pytest.mark.parametrize("line", ["is mesotherapy legit?", "did my chin with lemon bottle last night"])
def test_an_everyday_reply_is_not_of_concern(detector: Detector, line: str, reply: str) -> None:
    assert detector.assess_text(line).concern is not None
    assert detector.assess_text(reply, [ThreadLine(line)]).concern is None


def test_a_reply_that_goes_on_about_it_is(detector: Detector) -> None:
    earlier = [ThreadLine("did my own lips with the vial yesterday"), ThreadLine("how did it go?")]
    assert detector.assess_text("top one has gone white and cold", earlier).concern is Concern.ADVERSE
