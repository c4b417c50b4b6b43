"""Asking Meta whether it knows the account, and by which name and id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from messaging.transports import ErrorKind, TransportError
from messaging.verification import Problem, Verified

from .graph import Graph

NO_TOKEN: Final = Problem(
    "Meta does not accept the access token.", "Make a new long-lived one for this account.", "access_token"
)
SILENT: Final = Problem(
    "Meta did not answer, so that the access token could not be checked.", "Check the channel again in a few minutes."
)


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    graph = Graph(config, secrets)
    try:
        name, account = _of_page(graph) if config.get("page_id") else _of_account(graph)
    except TransportError as error:
        return _unverified(error)
    if name.lower() != config["sender"].removeprefix("@"):
        what = f"The access token is that of @{name}."
        return Verified(problems=(Problem(what, "Give the token and the name of one account.", "sender"),))
    if account and account != config["account_id"]:
        what = f"Meta says that the account ID of @{name} is {account}."
        return Verified(problems=(Problem(what, "Enter that: webhooks are told apart by it.", "account_id"),))
    return Verified(found=f"Instagram knows the account @{name}.")


def _of_account(graph: Graph) -> tuple[str, str]:
    me = graph.call("GET", "/me", params={"fields": "user_id,username"})
    return str(me.get("username") or ""), str(me.get("user_id") or "")


def _of_page(graph: Graph) -> tuple[str, str]:
    page = graph.call("GET", f"/{graph.node}", params={"fields": "instagram_business_account{id,username}"})
    account: Any = page.get("instagram_business_account")
    known: dict[str, Any] = account if isinstance(account, dict) else {}
    return str(known.get("username") or ""), str(known.get("id") or "")


def _unverified(error: TransportError) -> Verified:
    if error.kind == ErrorKind.SENDER_BLOCKED:
        return Verified(problems=(NO_TOKEN,))
    if error.kind == ErrorKind.MISCONFIGURED:
        what = "Meta does not know this page, or the token does not reach it."
        return Verified(problems=(Problem(what, "Copy the page's ID again, or leave it empty.", "page_id"),))
    return Verified(doubts=(SILENT,))
