import pytest
from knox.auth import TokenAuthentication

from crm.access import role_of
from crm.models import Membership, Role, User, Workspace
from project.kernel.scope import across_workspaces
from tests.cast import NOON, PASSWORD, found
from tests.commands import refusal, run, run_json

pytestmark = pytest.mark.django_db

ACME = {
    "--slug": "acme",
    "--name": "Acme",
    "--timezone": "America/Sao_Paulo",
    "--owner-email": "O@acme.test",
    "--owner-password": PASSWORD,
}


def words(**changes: str | None) -> list[str]:
    wanted = {**ACME, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
    return [f"{flag}={value}" for flag, value in wanted.items() if value is not None]


def test_a_workspace_is_founded_with_an_owner_who_can_log_in() -> None:
    answer = run_json("create_workspace", *words())

    workspace = Workspace.objects.get(slug="acme")
    owner = User.objects.get(email="o@acme.test")
    assert answer == {"id": workspace.pk, "slug": "acme", "owner": "o@acme.test"}
    assert workspace.timezone == "America/Sao_Paulo"
    assert owner.check_password(PASSWORD)
    assert role_of(owner, workspace) == Role.OWNER


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone: “Mars/Olympus” is not an IANA time zone"),
        ({"timezone": "../../etc/passwd"}, "timezone: "),
        ({"slug": "Not a slug!"}, "slug: "),
        ({"slug": "a" * 51}, "slug: "),
        ({"slug": ""}, "slug: "),
        ({"name": ""}, "name: "),
        ({"owner_password": "short"}, "owner_password: "),
        ({"owner_password": ""}, "owner_password: "),
        ({"owner_email": "nobody"}, "owner_email: "),
        ({"name": "caf\udce9"}, "name: is not valid UTF-8 text"),
        ({"name": "a\x00b"}, "name: is not valid UTF-8 text"),
        ({"owner_password": None}, "--owner-password"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_written(changes: dict[str, str | None], named: str) -> None:
    assert named in refusal("create_workspace", *words(**changes))
    assert not Workspace.objects.exists()
    assert not User.objects.exists()


def test_a_weak_password_is_not_repeated_in_the_refusal() -> None:
    assert "hunter2" not in refusal("create_workspace", *words(owner_password="hunter2"))


def test_a_slug_that_is_taken_is_named() -> None:
    found("acme", "ana@acme.test")
    assert refusal("create_workspace", *words()).startswith("slug: ")
    assert not User.objects.filter(email="o@acme.test").exists()


def test_a_member_is_added_and_their_role_changed_later() -> None:
    workspace = found("acme", "ana@acme.test")
    run_json("add_member", "--workspace=acme", "--email=b@acme.test", "--role=sales", f"--password={PASSWORD}")
    answer = run_json("add_member", "--workspace=acme", "--email=b@acme.test", "--role=viewer")

    bruno = User.objects.get(email="b@acme.test")
    assert answer == {"id": bruno.pk, "email": "b@acme.test", "workspace": "acme", "role": "viewer"}
    assert role_of(bruno, workspace) == Role.VIEWER
    assert bruno.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--workspace=nowhere", "--email=b@acme.test", "--role=sales"], "workspace: there is no workspace “nowhere”"),
        (["--workspace=acme", "--email=b@acme.test", "--role=king"], "role: “king” is not a role"),
        (["--workspace=acme", "--email=b@acme.test", "--role=sales"], "password: "),
        (["--workspace=acme", "--email=bruno", "--role=sales", f"--password={PASSWORD}"], "email: "),
    ],
)
def test_a_member_with_a_wrong_value_is_refused(flags: list[str], named: str) -> None:
    found("acme", "ana@acme.test")
    assert named in refusal("add_member", *flags)
    with across_workspaces():
        assert Membership.objects.count() == 1


def test_a_token_opens_the_api_as_its_person() -> None:
    found("acme", "ana@acme.test")
    token = run_json("create_token", "--email=ANA@acme.test")["token"]

    user, _ = TokenAuthentication().authenticate_credentials(token.encode())
    assert user.email == "ana@acme.test"
    assert run("create_token", "--email=ana@acme.test").strip() != token


def test_a_token_for_nobody_is_refused() -> None:
    found("acme", "ana@acme.test", NOON)
    assert "nobody active has the address “eve@acme.test”" in refusal("create_token", "--email=eve@acme.test")
    User.objects.update(is_active=False)
    assert "nobody active" in refusal("create_token", "--email=ana@acme.test")
