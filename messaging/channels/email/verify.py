"""Asking the mail server or the service about the login, the key and the address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import httpx

from messaging.transports import ErrorKind, TransportError
from messaging.verification import Problem, Verified

from .imap import open_mailbox
from .services import api_base, mailgun_domain
from .smtp import MailServer

TIMEOUT: Final = httpx.Timeout(6.0, connect=3.0)

LATER: Final = "Check the channel again in a few minutes."
NAMES: Final = {"mailgun": "Mailgun", "postmark": "Postmark", "sendgrid": "SendGrid", "resend": "Resend"}

Config = Mapping[str, str]


def verify(config: Config, secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    asked = _ask_server(config, secrets) if config["provider"] == "smtp" else _ask_service(config, secrets)
    mailbox = _look_into_mailbox(config, secrets) if config.get("imap_host") else Verified()
    return Verified(
        found=" ".join(filter(None, (asked.found, mailbox.found))),
        problems=(*asked.problems, *mailbox.problems),
        doubts=(*asked.doubts, *mailbox.doubts, *_about_receiving(config, secrets)),
    )


def _about_receiving(config: Config, secrets: Mapping[str, str]) -> Iterator[Problem]:
    if config.get("imap_host"):
        return
    if config["provider"] == "smtp":
        yield Problem("Answers to this address are not taken in.", "Enter an IMAP server.", "imap_host")
    elif not secrets.get("webhook_key") and not secrets.get("webhook_login"):
        what = "Nothing that the service tells is believed: there is neither a webhook key nor a login."
        yield Problem(what, "Enter the one that docs/channels/email.md names for it.", "webhook_key")


# -- mail servers --------------------------------------------------------------------------------------------------


def _ask_server(config: Config, secrets: Mapping[str, str]) -> Verified:
    server = MailServer(config, secrets)
    try:
        with server.session():
            return Verified(found=f"{server.host} lets us send.")
    except TransportError as error:
        return _refused(error, server.host, f"{server.host}:{server.port}", "smtp")


def _look_into_mailbox(config: Config, secrets: Mapping[str, str]) -> Verified:
    try:
        with open_mailbox(config, secrets):
            return Verified(found=f"The mailbox at {config['imap_host']} is open.")
    except TransportError as error:
        if error.code == "folder":
            problem = Problem(f"In the mailbox {error.detail}.", "Enter one that is there.", "imap_folder")
            return Verified(problems=(problem,))
        return _refused(error, config["imap_host"], config["imap_host"], "imap")


def _refused(error: TransportError, host: str, where: str, setting: str) -> Verified:
    if error.code == "login":
        what = f"{host} does not accept the login."
        problem = Problem(what, "Compare user and password; some want a password for apps.", f"{setting}_password")
        return Verified(problems=(problem,))
    if error.kind == ErrorKind.MISCONFIGURED:
        what = f"{host} cannot be used so: {error.detail}."
        return Verified(problems=(Problem(what, "Compare port and security.", f"{setting}_security"),))
    what = f"{where} did not answer, so that the login could not be checked."
    return Verified(doubts=(Problem(what, f"Compare server and port. {LATER}"),))


# -- services ------------------------------------------------------------------------------------------------------


def _ask_service(config: Config, secrets: Mapping[str, str]) -> Verified:
    """A key that may only send is a good one; whether it may is not always to be seen."""
    name, key = NAMES[config["provider"]], secrets["api_key"]
    path, options = _QUESTIONS[config["provider"]](config, key)
    try:
        answer = httpx.get(f"{_root(config)}{path}", timeout=TIMEOUT, trust_env=False, **options)
    except (httpx.HTTPError, httpx.InvalidURL):
        what = f"{name} did not answer, so that the API key could not be checked."
        return Verified(doubts=(Problem(what, LATER),))
    return _read_answer(name, config, answer)


def _read_answer(name: str, config: Config, answer: httpx.Response) -> Verified:
    if answer.status_code in (401, 403):
        if "restricted_api_key" in answer.text[:1000]:
            return Verified(found=f"{name} knows the API key; it may only send.")
        problem = Problem(f"{name} does not accept the API key.", "Make a new one, and copy it whole.", "api_key")
        return Verified(problems=(problem,))
    if answer.status_code == 404 and config["provider"] == "mailgun":
        what = f"Mailgun does not know the domain {mailgun_domain(config)}."
        mend = "Add it there, or enter the one that is; for the EU enter https://api.eu.mailgun.net/v3 as address."
        return Verified(problems=(Problem(what, mend, "mailgun_domain"),))
    if not answer.is_success:
        what = f"{name} answered {answer.status_code}, so that the API key could not be checked."
        return Verified(doubts=(Problem(what, LATER),))
    return Verified(found=f"{name} knows the API key.", doubts=tuple(_about_domain(name, config, _content(answer))))


def _about_domain(name: str, config: Config, content: Mapping[str, Any]) -> Iterator[Problem]:
    domain = config["sender"].partition("@")[2]
    mend = f"Enter the DNS records that {name} shows, and wait until it has seen them."
    if config["provider"] == "mailgun" and _object(content, "domain").get("state") not in (None, "active"):
        yield Problem(f"Mailgun has not verified {mailgun_domain(config)} yet.", mend)
    if config["provider"] == "resend":
        known = {str(one.get("name")): one.get("status") for one in content.get("data", []) if isinstance(one, dict)}
        if not any(domain == one or domain.endswith(f".{one}") for one, state in known.items() if state == "verified"):
            yield Problem(f"Resend has not verified {domain}.", mend)


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _content(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _root(config: Config) -> str:
    return api_base(config).rstrip("/")


Question = tuple[str, dict[str, Any]]

_QUESTIONS: Final[Mapping[str, Callable[[Config, str], Question]]] = {
    "mailgun": lambda config, key: (f"/domains/{mailgun_domain(config)}", {"auth": ("api", key)}),
    "postmark": lambda config, key: ("/server", {"headers": {"X-Postmark-Server-Token": key}}),
    "sendgrid": lambda config, key: ("/scopes", {"headers": {"Authorization": f"Bearer {key}"}}),
    "resend": lambda config, key: ("/domains", {"headers": {"Authorization": f"Bearer {key}"}}),
}
