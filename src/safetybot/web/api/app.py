"""The API as an application of its own, so that every error under `/api/v1` is a problem and no page.

`create_api` is all that others need; `web/app.py` mounts what it makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from safetybot.web.api import audit, figures, interactions, keywords, me, members, settings, webhooks
from safetybot.web.api.pace import Pace
from safetybot.web.api.problems import MEDIA_TYPE, Problem, answer_with_problems
from safetybot.web.parts import Parts

PATH = "/api/v1"
ONE = "/communities/{platform}/{community}"
BURST = 300
PER_SECOND = 10.0
_ABOUT_ONE = (interactions, keywords, settings, figures, audit, members, webhooks)
_VERBS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ABOUT = """What the pages show and do, for programs. Send `Authorization: Bearer` and a token that
`safetybot web token create` printed. Its scope is a role in one community (an operator's: in all); of other communities
it learns nothing, not even that they exist. Every error is `application/problem+json`.

Pages go by cursors: send `next` of one as `cursor` of the next. Answers to GET carry an `ETag`; with `If-None-Match`
what did not change is a 304. What changes a keyword or setting asks for the ETag that was seen in `If-Match`, so that
nobody undoes another's change unseen.
"""
_WORDS = {
    304: "What `If-None-Match` names is still so.",
    400: "No JSON, or not to be read at all.",
    401: "No token, or none that holds.",
    403: "The token's role does not suffice, or the request comes from another site's page.",
    404: "There is nothing here for this token.",
    408: "The body took too long.",
    409: "It cannot be done as things are.",
    412: "Somebody else changed it since; `newer` tells what they did.",
    413: "The body is too large.",
    422: "Not of the documented shape, or not usable.",
    428: "`If-Match` is missing.",
    429: "Too many requests; `Retry-After` tells when to go on.",
}


def create_api(parts: Callable[[], Parts]) -> FastAPI:
    """The API; `parts` gives the use cases as they are in force, asked anew for each request."""
    app = FastAPI(
        title="safetybot",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        responses={},
    )
    app.state.parts, app.state.pace = parts, Pace(BURST, PER_SECOND)
    app.include_router(me.router)
    for part in _ABOUT_ONE:
        app.include_router(part.router, prefix=ONE)
    answer_with_problems(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}-{route.name}"


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the problems that every route may answer with."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        made["servers"] = [{"url": PATH}]
        schemas = made["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(shape.pop("$defs"))
        schemas["Problem"] = shape
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                _add_problems(path, method.upper(), operation)
        app.openapi_schema = made
    return app.openapi_schema


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    possible = [400, 401, 404, 422, 429]
    if "{platform}" in path:
        possible.append(403)
    if method in _VERBS_WITH_BODY:
        possible += [403, 408, 413]
        if "{" in path.replace(ONE, "") or "keywords" in path:
            possible.append(409)
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "If-Match":
            parameter["required"] = True  # where it is missing, 428 says more than 422 would
            possible += [409, 412, 428]
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(set(possible)):
        answers[str(status)] = {"description": _WORDS[status], "content": content}
    if "401" in answers:
        answers["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
        answers["429"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    if method == "GET" and "exports" not in path:
        answers["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
        answers["304"] = {"description": _WORDS[304]}
        known = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}
        operation.setdefault("parameters", []).append(known)
