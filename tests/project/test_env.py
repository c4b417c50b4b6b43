from decimal import Decimal

import pytest

from project.env import (
    InvalidEnvironment,
    env_bool,
    env_decimal,
    env_float,
    env_int,
    env_list,
    env_objects,
    env_str,
    env_url,
)

NAME = "BATON_EXAMPLE"


def test_a_missing_variable_without_default_names_itself(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    with pytest.raises(InvalidEnvironment, match=NAME):
        env_str(NAME)


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv(NAME, "")
    assert env_str(NAME, "fallback") == "fallback"
    assert env_int(NAME, 3) == 3


@pytest.mark.parametrize(("given", "meant"), [("true", True), ("YES", True), ("1", True), ("off", False), ("0", False)])
def test_a_yes_or_no_is_read(monkeypatch, given, meant):
    monkeypatch.setenv(NAME, given)
    assert env_bool(NAME) is meant


def test_anything_else_is_not_a_yes_or_no(monkeypatch):
    monkeypatch.setenv(NAME, "maybe")
    with pytest.raises(InvalidEnvironment, match=r"BATON_EXAMPLE='maybe'"):
        env_bool(NAME, False)


@pytest.mark.parametrize("given", ["four", "4.5", "0x10"])
def test_a_number_that_is_none_is_refused_with_its_value(monkeypatch, given):
    monkeypatch.setenv(NAME, given)
    with pytest.raises(InvalidEnvironment, match=f"{NAME}='{given}'"):
        env_int(NAME)


def test_a_number_below_its_minimum_is_refused(monkeypatch):
    monkeypatch.setenv(NAME, "1")
    with pytest.raises(InvalidEnvironment, match="below 2"):
        env_int(NAME, minimum=2)


def test_not_a_number_is_no_number(monkeypatch):
    monkeypatch.setenv(NAME, "nan")
    with pytest.raises(InvalidEnvironment, match="nan"):
        env_float(NAME)


def test_a_list_is_split_at_commas(monkeypatch):
    monkeypatch.setenv(NAME, " a, ,b ")
    assert env_list(NAME) == ["a", "b"]


def test_a_url_loses_its_trailing_slash(monkeypatch):
    monkeypatch.setenv(NAME, "https://baton.example/")
    assert env_url(NAME) == "https://baton.example"


@pytest.mark.parametrize("given", ["baton.example", "ftp://x", "https://", "http://x:99999", "http://a b"])
def test_what_is_not_a_web_address_is_refused(monkeypatch, given):
    monkeypatch.setenv(NAME, given)
    with pytest.raises(InvalidEnvironment, match=NAME):
        env_url(NAME)


def test_a_password_in_a_wrong_url_is_not_repeated(monkeypatch):
    monkeypatch.setenv(NAME, "amqp://user:hunter2@host")
    with pytest.raises(InvalidEnvironment) as refusal:
        env_url(NAME, schemes=("redis",))
    assert "hunter2" not in str(refusal.value)


def test_a_secret_may_lie_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
    assert env_str(NAME) == "from the file"


def test_a_value_and_a_file_at_once_are_ambiguous(monkeypatch, tmp_path):
    monkeypatch.setenv(NAME, "x")
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
    with pytest.raises(InvalidEnvironment, match="both set"):
        env_str(NAME, "")


def test_a_file_that_cannot_be_read_names_the_variable(monkeypatch, tmp_path):
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "absent"))
    with pytest.raises(InvalidEnvironment, match=f"{NAME}_FILE"):
        env_str(NAME, "")


def test_an_amount_is_exact_and_absent_when_unset(monkeypatch):
    monkeypatch.setenv(NAME, "0.10")
    assert env_decimal(NAME) == Decimal("0.10")
    monkeypatch.delenv(NAME)
    assert env_decimal(NAME) is None


@pytest.mark.parametrize("given", ["-1", "much", "NaN", "inf"])
def test_an_amount_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv(NAME, given)
    with pytest.raises(InvalidEnvironment, match=NAME):
        env_decimal(NAME)


def objects():
    return env_objects(NAME, required=("model",), optional=("url", "key"), urls=("url",))


def test_a_list_of_objects_is_read(monkeypatch):
    monkeypatch.setenv(NAME, '[{"model": "m", "url": "http://h/v1"}, {"model": "n"}]')
    assert [entry["model"] for entry in objects()] == ["m", "n"]
    monkeypatch.delenv(NAME)
    assert objects() == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{sk-secret", "is not JSON"),
        ('{"model": "sk-secret"}', "is not a JSON list of objects"),
        ('["sk-secret"]', "is not a JSON list of objects"),
        ('[{"model": "m"}, {"key": "sk-secret"}]', r"entry 2: \['model'\] missing"),
        ('[{"model": "m", "api-key": "sk-secret"}]', r"unknown \['api-key'\]"),
        ('[{"model": "m", "key": ["sk-secret"]}]', r"\['key'\] must be texts"),
        ('[{"model": "m", "url": "ftp://sk-secret"}]', "url is not a URL"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_and_no_value_is_repeated(monkeypatch, given, said):
    monkeypatch.setenv(NAME, given)
    with pytest.raises(InvalidEnvironment, match=said) as caught:
        objects()
    assert "sk-secret" not in str(caught.value)
