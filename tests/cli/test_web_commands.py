"""`safetybot web` and `demo --web` as they are typed: a link that lets in, pages that open, a plain word when not."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from safetybot.cli.web import WebMissing
from safetybot.telemetry import Metrics

COMMAND = [sys.executable, "-m", "safetybot"]


def environment(folder: Path) -> dict[str, str]:
    return {"SAFETYBOT_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own arguments
        [*COMMAND, *arguments], capture_output=True, text=True, env=environment(folder), check=False, timeout=120
    )


def opened(process: subprocess.Popen[str], pattern: str) -> str:
    """What matches `pattern` in the process' output, which comes line by line."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(pattern, said):
            return found[1]
    raise AssertionError(said)


def test_the_demo_opens_its_pages_on_what_was_said_in_it(tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: S603  # our own arguments
        [*COMMAND, "demo", "--fast", "--web"], stdout=subprocess.PIPE, text=True, env=environment(tmp_path)
    )
    try:
        link = opened(process, r"(http://localhost:\d+/sign-in\?token=\S+)")
        site, token = link.split("/sign-in?token=")
        with httpx.Client(base_url=site, follow_redirects=True) as browser:
            page = browser.post("/sign-in", data={"token": token})
            assert page.status_code == 200
            assert "interactions" in page.text
            assert "console/" in browser.get("/everywhere/communities").text
            assert browser.get("/everywhere/review").status_code == 200
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stdout is not None
        process.stdout.close()


def test_a_link_that_was_printed_lets_somebody_in_as_what_was_said(tmp_path: Path) -> None:
    made = run(tmp_path, "web", "login", "--community", "discord/100", "--role", "moderator", "--as", "ann")
    assert made.returncode == 0, made.stderr
    assert "For ann, as moderator. It can be used once, within 15 minutes." in made.stdout
    token = made.stdout.split("token=")[1].split()[0]
    process = subprocess.Popen(  # noqa: S603  # our own arguments
        [*COMMAND, "web", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True,
        env=environment(tmp_path) | {"COLUMNS": "200"},
    )  # fmt: skip
    try:
        site = opened(process, r"The pages are at (\S+);")
        with httpx.Client(base_url=site, follow_redirects=True) as browser:
            page = browser.post("/sign-in", data={"token": token})
            assert str(page.url).endswith("/in/discord/100/overview")
            assert "(moderator)" in page.text
            assert browser.get("/readyz").json()["status"] == "ok"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (("--role", "moderator"), "the role moderator holds in a community: say in which", 1),
        (("--community", "discord/1"), "an operator's role holds everywhere", 1),
        (("--community", "discord"), "is not PLATFORM/COMMUNITY", 2),
        (("--role", "owner"), "'owner' is not one of", 2),
    ],
)
def test_a_link_for_nothing_is_refused_in_plain_words(
    tmp_path: Path, arguments: tuple[str, ...], says: str, code: int
) -> None:
    made = run(tmp_path, "web", "login", *arguments)
    assert made.returncode == code
    assert says in " ".join(re.sub(r"[│╭╮╰╯─]", " ", made.stderr).split())


async def test_without_the_extra_the_pages_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from safetybot.cli.session import Session
    from safetybot.cli.web import serve_pages

    monkeypatch.setitem(sys.modules, "safetybot.web.app", None)
    with pytest.raises(WebMissing, match=r"pip install 'safetybot\[web\]'"):
        await serve_pages(Session(), None, Metrics(), None, host="127.0.0.1", port=0)  # type: ignore[arg-type]
