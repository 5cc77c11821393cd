"""A community's webhook: where its alerts go beside the chat, and what became of them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from safetybot.web.api.asking import AskedHere
from safetybot.web.api.shapes.webhooks import DeliveriesOut, DeliveryOut, WebhookIn, WebhookMade, WebhookOut

router = APIRouter(tags=["webhook"], prefix="/webhook")


@router.get("", response_model=WebhookOut)
async def show(here: AskedHere) -> Response:
    """Where alerts go. For admins."""
    return here.answer(WebhookOut.of(await here.parts.webhooks.show(here.actor, *here.place)))


@router.put("", response_model=WebhookMade)
async def put(here: AskedHere, new: WebhookIn) -> Response:
    """Send alerts there from now on; the answer has the secret they are signed with, this once. For admins."""
    made, secret = await here.parts.webhooks.put(here.actor, *here.place, new.url)
    return here.answer(WebhookMade(**WebhookOut.of(made).model_dump(), secret=secret))


@router.delete("", status_code=204, response_class=Response)
async def remove(here: AskedHere) -> Response:
    """Send nothing any more; what waits is dropped. For admins."""
    await here.parts.webhooks.remove(here.actor, *here.place)
    return Response(status_code=204)


@router.get("/deliveries", response_model=DeliveriesOut)
async def deliveries(here: AskedHere) -> Response:
    """What became of the newest fifty. For admins."""
    found = await here.parts.webhooks.deliveries(here.actor, *here.place)
    return here.answer(DeliveriesOut(items=[DeliveryOut.of(one) for one in found]))
