"""Fetching from addresses that somebody else named: what is refused, what is tried again, what is never given away."""

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from messaging.media_fetch import Fetched, MediaRefused, MediaUnavailable, TooLarge, get
from messaging.public_http import is_public
from tests.doubles.files import METADATA, PDF, FilesDouble
from tests.doubles.server import Drip, Reset, Response

LOGIN = {"Authorization": "Basic c2VjcmV0"}
LOOPBACK = ["127.0.0.0/8", "::1/128"]


@pytest.fixture
def cdn() -> Iterator[FilesDouble]:
    with FilesDouble() as double:
        yield double


def fetch(url: str, **more: Any) -> Fetched:
    """From the provider's own address, as an operator may type it in."""
    base = "/".join(url.split("/")[:3])
    return get(url, **{"hosts": (), "api_base": base, "headers": LOGIN, **more})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::", "ff02::1",
        "255.255.255.255", "198.18.0.1",
    ],
)  # fmt: skip
def test_a_private_address_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_file_comes_with_what_is_claimed_of_it(cdn: FilesDouble) -> None:
    fetched = fetch(cdn.put("a.pdf", PDF, "application/pdf"), file_name="offer.pdf")

    assert fetched == Fetched(PDF, "application/pdf", "offer.pdf")
    assert cdn.logins() == [LOGIN["Authorization"]]


def test_credentials_stay_with_their_host(cdn: FilesDouble, settings: Any) -> None:
    settings.REACHABLE_NETWORKS = LOOPBACK
    cdn.put("file", PDF, "application/pdf")
    with FilesDouble() as other:
        other.answers = cdn.answers
        for where in (other.url, other.elsewhere):  # another port of the same host, and another host
            assert fetch(cdn.redirect("start", f"{where}/file")).content == PDF
        assert cdn.logins() == [LOGIN["Authorization"]] * 2
        assert other.logins() == [None, None]


def test_a_host_that_is_not_the_providers_is_not_called(cdn: FilesDouble) -> None:
    with pytest.raises(MediaRefused, match="not one of its own"):
        get(cdn.put("a", PDF, ""), hosts=("api.twilio.com",), headers=LOGIN)
    assert cdn.requests == []


@pytest.mark.parametrize(
    "url", ["https://api.twilio.com.evil.test/x", "https://evilapi.twilio.com.x/", "https://[", ""]
)
def test_a_name_that_only_looks_like_the_providers_is_not_its(url: str) -> None:
    with pytest.raises(MediaRefused):
        get(url, hosts=("api.twilio.com",))


@pytest.mark.parametrize(
    "where", [METADATA, METADATA.replace("http:", "https:"), "https://127.0.0.2/", "file:///etc/passwd"]
)
def test_a_redirect_into_a_private_network_is_refused(cdn: FilesDouble, where: str) -> None:
    with pytest.raises(MediaRefused, match=r"private|not https"):
        fetch(cdn.redirect("start", where))


def test_a_name_with_a_private_address_is_refused() -> None:
    with pytest.raises(MediaRefused, match="private"):
        get("https://localhost/", hosts=("localhost",))


def test_redirects_come_to_an_end(cdn: FilesDouble) -> None:
    start = cdn.redirect("round", f"{cdn.url}/round")

    with pytest.raises(MediaRefused, match="without end"):
        fetch(start)
    assert len(cdn.requests) == 4


def test_what_is_too_large_is_refused_whatever_is_promised(cdn: FilesDouble) -> None:
    with pytest.raises(TooLarge):
        fetch(cdn.put("large", b"x" * 2000, "image/png"), max_bytes=1999)


def test_a_slow_drip_is_given_up(cdn: FilesDouble) -> None:
    cdn.answers["/drip"] = Drip()

    with pytest.raises(MediaUnavailable, match="slowly"):
        fetch(f"{cdn.url}/drip", whole_seconds=0.2)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(404), MediaRefused),
        (Response(410), MediaRefused),
        (Response(401), MediaUnavailable),
        (Response(429), MediaUnavailable),
        (Response(503), MediaUnavailable),
        (Reset(), MediaUnavailable),
    ],
)
def test_what_may_work_later_is_told_from_what_never_will(cdn: FilesDouble, answer: Any, error: type) -> None:
    cdn.answers["/x"] = answer

    with pytest.raises(error):
        fetch(f"{cdn.url}/x")
