"""One request, as pages see it: who asks, about which community, and how to answer.

Lives here: the cookie, what forms must carry, the choice between "not for you" and "not there". Does not live here:
rights themselves (`communities/access.py`), texts (`templates/`).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from safetybot.communities.access import Actor, Refused, Right, Role, may
from safetybot.communities.errors import ChangedMeanwhile, CommunityError, NothingStands, NotThere
from safetybot.communities.sign_in import SignedIn
from safetybot.web.parts import Parts, Site
from safetybot.web.rendering import Link, render
from safetybot.web.texts import gettext, marked

EVERYWHERE = "/everywhere"


class NotSignedIn(Exception):
    """Nobody is signed in (any more)."""


class Hidden(Exception):
    """There is nothing here for whoever asks: whether there is for others is not told."""


class FormExpired(CommunityError):
    """A form came without the mark of the session that it was made for."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("this form is of an earlier session, or came from elsewhere: open the page again")


@dataclass(frozen=True, slots=True)
class Where:
    """The community that a page is about; None for the pages about all of them."""

    platform: str | None
    community: str | None

    @property
    def path(self) -> str:
        """Where its pages stand."""
        if self.platform is None or self.community is None:
            return EVERYWHERE
        return f"/in/{quote(self.platform, safe='')}/{quote(self.community, safe='')}"

    def __str__(self) -> str:
        return f"{self.platform}/{self.community}" if self.platform else ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One request of somebody who is signed in."""

    request: Request
    parts: Parts
    signed_in: SignedIn
    where: Where

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.signed_in.session.grant.actor

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Platform and community, as use cases take them."""
        return self.where.platform, self.where.community

    @property
    def community(self) -> tuple[str, str]:
        """The same on pages that are about one community. Raises `Hidden` on the others."""
        platform, community = self.place
        if platform is None or community is None:
            raise Hidden
        return platform, community

    def may(self, right: Right) -> bool:
        """Whether to offer something; the use case checks."""
        return may(self.actor, right, *self.place)

    def url(self, page: str, **query: object) -> str:
        """A page about the same community; empty values are left out."""
        kept = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return f"{self.where.path}/{page}" + (f"?{urlencode(kept)}" if kept else "")

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """A page."""
        return HTMLResponse(render(template, {**self._frame(), **values}), status)

    def to(self, page: str, **query: object) -> RedirectResponse:
        """On to another page after something was done."""
        return RedirectResponse(self.url(page, **query), 303)

    def _frame(self) -> Mapping[str, object]:
        session = self.signed_in.session
        # As it came in, decoded: whoever quotes an address leaves other characters as they are than we do.
        here = f"/in/{self.where}" if self.where.community is not None else EVERYWHERE
        current = str(self.request.scope["path"]).removeprefix(here).strip("/").partition("/")[0]
        links = [
            Link(gettext(says), f"{self.where.path}/{name}", current=name == current)
            for name, says, right, about in _PAGES
            if self.may(right) and (about == "both" or (about == "one") == (self.where.community is not None))
        ]
        return {
            "scene": self,
            "Right": Right,
            "csrf": self.signed_in.csrf,
            "who": session.grant.name,
            "role": session.grant.role.label,
            "where": self.where,
            "several": session.grant.role is Role.OPERATOR,
            "links": links,
            "done": _DONE.get(self.request.query_params.get("done", "")),
        }


_PAGES = (
    ("overview", marked("Overview"), Right.SEE_FIGURES, "both"),
    ("review", marked("Review"), Right.REVIEW, "both"),
    ("log", marked("Log"), Right.SEE_LOG, "both"),
    ("keywords", marked("Keywords"), Right.SEE_KEYWORDS, "one"),
    ("settings", marked("Settings"), Right.SEE_POLICY, "one"),
    ("try", marked("Try it"), Right.TRY_MESSAGE, "both"),
    ("responses", marked("Responses"), Right.SEE_POLICY, "both"),
    ("privacy", marked("Privacy"), Right.SEE_MEMBER, "one"),
    ("people", marked("People"), Right.LET_IN, "both"),
    ("tokens", marked("API tokens"), Right.LET_IN, "both"),
    ("audit", marked("Audit"), Right.READ_AUDIT, "both"),
    ("status", marked("Status"), Right.SEE_STATUS, "all"),
)
_DONE = {
    "verdict": marked("Your verdict is kept."),
    "note": marked("Your note is kept."),
    "keyword": marked("The keyword is changed."),
    "setting": marked("The setting is changed."),
    "undone": marked("The change is taken back."),
    "erased": marked("All that was kept about this member is deleted. An opt-out stays."),
    "opted-out": marked("The member is opted out: never answered, never logged."),
    "opted-in": marked("The opt-out is taken back."),
    "ended": marked("The session is over."),
    "revoked": marked("The token is revoked: whoever has it gets nothing any more."),
    "view": marked("The view is saved."),
    "view-gone": marked("The view is deleted."),
}
"""What a page may say after something was done: by a word in its address, never a text from there."""


def parts_of(request: Request) -> Parts:
    """The use cases in force."""
    made: Parts = request.app.state.parts()
    return made


def site_of(request: Request) -> Site:
    """Where we are."""
    site: Site = request.app.state.site
    return site


def cookie_name(site: Site) -> str:
    """The session's cookie; under HTTPS with the prefix by which browsers refuse it from anywhere else."""
    return "__Host-safetybot" if site.secure else "safetybot"


async def signed_in(request: Request) -> SignedIn:
    """Who asks. Raises `NotSignedIn`."""
    cookie = request.cookies.get(cookie_name(site_of(request)), "")
    found = await parts_of(request).sign_in.who(cookie) if cookie else None
    if found is None:
        raise NotSignedIn
    if found.renewed is not None:
        request.state.renewed = found.renewed
    return found


def keep_cookie(request: Request, response: Response, cookie: str) -> None:
    """Give the browser a session's cookie; an empty one takes it away."""
    site = site_of(request)
    response.set_cookie(
        cookie_name(site), cookie, max_age=int(site.session_age.total_seconds()) if cookie else 0, path="/",
        secure=site.secure, httponly=True, samesite="lax",
    )  # fmt: skip


async def scene(request: Request, person: Annotated[SignedIn, Depends(signed_in)]) -> Scene:
    """The request, where whoever asks may know of the community at all. Raises `Hidden`, `NotSignedIn`."""
    where = Where(request.path_params.get("platform"), request.path_params.get("community"))
    found = Scene(request, parts_of(request), person, where)
    if not found.may(Right.SEE_POLICY):
        raise Hidden
    return found


async def form_scene(request: Request, found: Annotated[Scene, Depends(scene)]) -> Scene:
    """The same for a form, which must carry the session's mark. Raises `FormExpired` as well."""
    await check_form(request, found.signed_in)
    return found


async def check_form(request: Request, person: SignedIn) -> None:
    """Raise `FormExpired` unless the form carries the session's mark."""
    given = (await request.form()).get("csrf", "")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), person.csrf.encode()):
        raise FormExpired


NOT_HERE = (Refused, ChangedMeanwhile, NotThere, NothingStands)
"""What a form's page lets pass: the application answers these alike on every page. The rest is about what was typed."""

Here = Annotated[Scene, Depends(scene)]
"""What a page that shows something takes."""
HereForm = Annotated[Scene, Depends(form_scene)]
"""What a page that changes something takes."""
