"""Telling a person who follows a link from a program that looks at it. Pure; the rule is data.

Messengers fetch a link to draw its preview, scanners to look for harm, browsers ahead of a press. None of that is a
click. The rule errs towards not counting: a click too few is a number that is a little low, one too many makes a
lead look interested who is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

PROGRAMS: Final = (
    # previews of messengers and networks
    "whatsapp/", "telegrambot", "slackbot", "slack-imgproxy", "facebookexternalhit", "facebookcatalog", "facebot",
    "meta-externalagent", "twitterbot", "linkedinbot", "discordbot", "skypeuripreview", "viber", "line-poker",
    "redditbot", "pinterestbot", "vkshare", "iframely", "embedly", "mastodon", "signal-desktop",
    "googlemessages", "applebot", "google-pagerenderer", "bitlybot", "snapchat",
    # scanners of mail and links
    "barracuda", "proofpoint", "mimecast", "safelinks", "googleimageproxy", "yahoomailproxy", "trendmicro",
    # search engines and libraries
    "bot/", "bot;", "crawler", "spider", "bingpreview", "googlebot", "headlesschrome", "phantomjs", "lighthouse",
    "curl/", "wget/", "python", "httpx", "aiohttp", "go-http-client", "java/", "okhttp", "node-fetch", "axios",
    "libwww", "guzzle", "ruby", "postman", "twilio",
)  # fmt: skip
"""Parts of the names by which programs introduce themselves, in small letters."""

AHEAD: Final = {
    "purpose": "prefetch",
    "sec-purpose": "prefetch",
    "x-purpose": "preview",
    "x-moz": "prefetch",
}
"""Headers of a browser that fetches before anybody pressed."""

TOO_SOON: Final = timedelta(seconds=2)
"""Nobody reads a message and presses within two seconds of its leaving, whatever their agent calls itself."""

_NAMES: Final = re.compile("|".join(map(re.escape, PROGRAMS)))


def is_person(*, method: str, headers: Mapping[str, str], since_sent: timedelta | None) -> bool:
    """`headers` by lower-case name; `since_sent` is None while nobody knows that the message left."""
    agent = headers.get("user-agent", "").lower()
    if method != "GET" or not agent or _NAMES.search(agent):
        return False
    if any(word in headers.get(name, "").lower() for name, word in AHEAD.items()):
        return False
    return since_sent is None or since_sent >= TOO_SOON
