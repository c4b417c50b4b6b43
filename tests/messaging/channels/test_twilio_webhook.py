"""Is it Twilio, is it a form, which event is it: the vectors of Twilio's documentation and our own traps."""

import hashlib
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.channels.twilio.webhook import (
    FORM_TYPE,
    NotAForm,
    SharedKeysUnreadable,
    inbound_key,
    order_key,
    parse_form,
    read_shared_keys,
    status_key,
    verify,
)
from tests.doubles.twilio import inbound_form, sign
from tests.doubles.twilio_forms import signed_headers

TOKEN = "12345"
SECRETS = {"auth_token": TOKEN}
URL = "https://app.example.com/hooks/twilio/wa/?t=7"
BODY = (
    b"MessageSid=SM00000000000000000000000000000001&From=whatsapp%3A%2B5511900000001"
    b"&To=whatsapp%3A%2B14155238886&Body=&NumMedia=0&ProfileName=Jos%C3%A9"
)
SHA1 = "vuTJRasqr9ZMBXby3LnJUiusa+s="
SHA256 = "w6UeG6CgLmFOQ2c7f0vENSEmXICHbMpZoM0DaE2rCmg="
JSON_URL = "https://app.example.com/j?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def headers(signature: str, **more: str) -> dict[str, str]:
    return {"Content-Type": FORM_TYPE, "X-Twilio-Signature": signature, **more}


def is_accepted(url=URL, given=None, body=BODY, secrets=SECRETS) -> bool:
    return verify(url=url, headers=given or headers(SHA1), body=body, secrets=secrets)


def test_twilios_own_example_is_accepted():
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }

    assert is_accepted(url, headers("RSOYDt4T1cUTdK1PDd93/VVr8B8="), urlencode(form).encode())


def test_a_blank_parameter_is_part_of_what_is_signed():
    assert is_accepted()
    assert not is_accepted(body=BODY.replace(b"Body=&", b""))


def test_the_header_is_found_in_any_case():
    assert is_accepted(given={"content-type": FORM_TYPE, "x-twilio-signature": SHA1})


def test_a_charset_beside_the_content_type_changes_nothing():
    given = {"Content-Type": f"{FORM_TYPE}; charset=UTF-8", "X-Twilio-Signature": SHA1}

    assert is_accepted(given=given)


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("wa/?", "wa?"),
        URL.replace("t=7", "t=8"),
        URL.replace("app.", "other."),
        f"{URL}#fragment",
    ],
)
def test_another_address_than_the_signed_one_is_refused(url):
    assert not is_accepted(url)


@pytest.mark.parametrize("port", [":443", ":8000"])
def test_a_port_in_the_address_is_forgiven(port):
    assert is_accepted(URL.replace("example.com", f"example.com{port}"))


@pytest.mark.parametrize("signature", ["", "wrong", SHA256, SHA1[:-1], "é" * 28])
def test_a_missing_or_wrong_signature_is_refused(signature):
    assert not is_accepted(given=headers(signature))


def test_no_header_at_all_is_refused():
    assert not verify(url=URL, headers={}, body=BODY, secrets=SECRETS)


def test_a_channel_without_secrets_accepts_nothing():
    assert not is_accepted(secrets={})
    assert not is_accepted(given=headers(sign(URL, {}, "")), body=b"", secrets={"auth_token": ""})


def test_the_secondary_token_is_accepted_while_the_token_is_rotated():
    assert is_accepted(secrets={"auth_token": "new", "auth_token_secondary": TOKEN})
    assert not is_accepted(secrets={"auth_token": "new", "auth_token_secondary": "newer"})


def test_a_shared_key_signs_by_sha_256():
    given = headers(SHA256, **{"X-Twilio-Webhooks-Signature-Settings": "key=k1,algorithm=HMAC_SHA256"})

    assert is_accepted(given=given, secrets={"auth_token": "other", "shared_keys": f"k1={TOKEN}"})
    assert is_accepted(given=given, secrets={"auth_token": "other", "shared_keys": f'{{"k1": "{TOKEN}"}}'})


@pytest.mark.parametrize(
    "setting", ["key=k2,algorithm=HMAC_SHA256", "key=k1,algorithm=HMAC_MD5", "key=,algorithm=HMAC_SHA256"]
)
def test_a_key_or_an_algorithm_that_we_do_not_know_is_refused(setting):
    given = headers(SHA256, **{"X-Twilio-Webhooks-Signature-Settings": setting})

    assert not is_accepted(given=given, secrets={"auth_token": TOKEN, "shared_keys": f"k1={TOKEN}"})


def test_a_json_body_is_signed_through_its_hash_in_the_address():
    given = {"Content-Type": "application/json", "X-Twilio-Signature": "RXcU/A3Rm/9CGe1Zmd1Mxi2qayk="}

    assert is_accepted(JSON_URL, given, b'{"a":1}')
    assert not is_accepted(JSON_URL, given, b'{"a":2}')


def test_a_json_body_without_a_hash_in_the_address_is_refused():
    given = {"Content-Type": "application/json", "X-Twilio-Signature": sign(URL, {}, TOKEN)}

    assert not is_accepted(given=given, body=b'{"a":1}')


def test_several_values_of_one_name_are_sorted_and_counted_once():
    signed = sign(URL, {"A": "1A2"}, TOKEN)

    assert is_accepted(given=headers(signed), body=b"A=2&A=1&A=2")


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\xed\xa0\x80", b"ok \xc3", b"nul \x00"])
def test_text_that_is_no_utf_8_is_accepted_when_its_bytes_were_signed(raw):
    body = b"Body=" + quote_from_bytes(raw).encode()
    as_replaced = sign(URL, {"Body": raw.decode("utf-8", "replace")}, TOKEN)

    assert is_accepted(given=headers(as_replaced), body=body)
    assert is_accepted(given=headers(signed_in_bytes(b"Body" + raw)), body=body)
    assert not is_accepted(given=headers(SHA1), body=body)


def signed_in_bytes(params: bytes) -> str:
    import base64
    import hmac

    return base64.b64encode(hmac.new(TOKEN.encode(), URL.encode() + params, hashlib.sha1).digest()).decode()


def test_what_the_double_sends_is_accepted():
    form = inbound_form("olá 👋\r\nline two + & =")
    body = urlencode(form).encode()

    assert is_accepted(given=signed_headers(URL, form, TOKEN), body=body)
    shared = signed_headers(URL, form, TOKEN, shared_key=("k1", "s3cret"))
    assert is_accepted(given=shared, body=body, secrets={"shared_keys": "k1=s3cret"})


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=8).filter(lambda form: "Added" not in form))
def test_whatever_twilio_signs_is_accepted_and_nothing_more(form):
    given, body = headers(sign(URL, form, TOKEN)), urlencode(form).encode()

    assert is_accepted(given=given, body=body)
    assert not is_accepted(given=given, body=body + b"&Added=1")


def test_an_address_is_accepted_with_and_without_its_port():
    form = {"Body": "Hello"}
    with_port = URL.replace("example.com", "example.com:443")

    assert is_accepted(given=headers(sign(with_port, form, TOKEN)), body=b"Body=Hello")
    assert is_accepted(with_port, given=headers(sign(URL, form, TOKEN)), body=b"Body=Hello")


@given(url=st.text(), body=st.binary(), signature=st.text(), content_type=st.text())
def test_nothing_that_arrives_raises(url, body, signature, content_type):
    given = {
        "Content-Type": content_type,
        "X-Twilio-Signature": signature,
        "X-Twilio-Webhooks-Signature-Settings": content_type,
    }

    assert verify(url=url, headers=given, body=body, secrets=SECRETS) is False
    assert verify(url=url, headers=headers(signature), body=body, secrets=SECRETS) is False


# -- forms -------------------------------------------------------------------------------------------------


def test_a_form_keeps_order_blanks_and_repetitions():
    assert parse_form(b"A=1&B=&A=2&C=a+b%26") == [("A", "1"), ("B", ""), ("A", "2"), ("C", "a b&")]


@pytest.mark.parametrize("body", [b"", b"hello", b'{"a":1}', b"\xff\xfe\x00", b"&&&", b"\xff=1", b"=1", b"a\x00=1"])
def test_a_body_that_is_not_a_form_is_named_so(body):
    with pytest.raises(NotAForm):
        parse_form(body)


@pytest.mark.parametrize("content_type", ["application/json", "", "text/plain", "multipart/form-data; boundary=x"])
def test_another_content_type_is_not_a_form(content_type):
    with pytest.raises(NotAForm):
        parse_form(b"A=1", content_type)


def test_a_form_has_a_thousand_parameters_at_most():
    assert len(parse_form(b"&".join([b"A=1"] * 1000))) == 1000
    with pytest.raises(NotAForm):
        parse_form(b"&".join([b"A=1"] * 1001))


@given(value=st.binary())
def test_any_value_becomes_text_that_postgresql_can_hold(value):
    [(_, text)] = parse_form(b"Body=" + quote_from_bytes(value).encode())

    assert "\x00" not in text
    assert text.encode("utf-8").decode("utf-8") == text


# -- keys --------------------------------------------------------------------------------------------------


def test_an_inbound_message_is_known_by_its_sid_and_ordered_by_its_sender():
    form = list(inbound_form(message_sid="SM1", sender="whatsapp:+5511900000001").items())

    assert (inbound_key(form), order_key(form)) == ("SM1", "whatsapp:+5511900000001")


def test_a_status_is_known_by_sid_and_status():
    assert status_key([("MessageSid", "SM1"), ("MessageStatus", "delivered")]) == "SM1:delivered"


@pytest.mark.parametrize("sid", ["", "x" * 4000, "SM\ufffd", "SM 1"])
def test_a_form_without_a_usable_sid_is_known_by_its_hash(sid):
    form = [("MessageSid", sid), ("Body", "hello")]

    assert inbound_key(form).startswith("form:") and len(inbound_key(form)) < 100
    assert inbound_key(form) == inbound_key(list(reversed(form)))
    assert inbound_key(form) != inbound_key([("MessageSid", sid), ("Body", "another")])


@pytest.mark.parametrize("text", ["", "{", "[1]", "k1", "k1=", "=s", '{"k1": 1}', '{"k1": ""}', "{}"])
def test_shared_keys_that_cannot_be_read_are_named_so(text):
    with pytest.raises(SharedKeysUnreadable):
        read_shared_keys(text)


def test_shared_keys_are_pairs_or_json():
    assert read_shared_keys(" k1=a=b , k2=c,") == {"k1": "a=b", "k2": "c"}
    assert read_shared_keys('{"k1": "a"}') == {"k1": "a"}
