"""Routes of the queue as a whole."""

from __future__ import annotations

from fastapi import APIRouter

from yuragi.service import order
from yuragi.service.held import Service
from yuragi.service.wire import Order, Queue

__all__ = ["router"]

router = APIRouter(prefix="/queue", tags=["queue"])


@router.get("")
def shown(service: Service) -> Queue:
    """The queue as it is now."""
    return order.shown(service.database)


@router.post("/pause")
def pause(service: Service) -> Queue:
    """Start no further jobs; running jobs continue."""
    return order.pause(service.database)


@router.post("/resume")
def resume(service: Service) -> Queue:
    """Start jobs again."""
    return order.resume(service.database, service.tickets)


@router.put("/order")
def first(service: Service, wanted: Order) -> Queue:
    """Let these waiting jobs run before all others, in this order."""
    return order.first(service.database, wanted.jobs)


@router.post("/cancel-waiting")
def cancel_waiting(service: Service) -> list[str]:
    """Cancel all jobs except the running ones; returns the ids of the cancelled jobs."""
    return list(order.cancel_all(service.database, order.WAITING))


@router.post("/clear")
def clear(service: Service) -> list[str]:
    """Cancel all jobs, including the running ones; returns their ids."""
    return list(order.cancel_all(service.database, order.UNFINISHED))
