"""The installation's own workspace: one, without members, and found by nobody."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from crm.access import NotFound, access_workspace, workspaces_of
from crm.models import User, Workspace
from crm.services.tokens import create_token
from crm.services.workspaces import create_workspace, internal_workspace
from tests.cast import NOON, PASSWORD, Cast, gather_cast
from tests.commands import refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def internal(cast: Cast) -> Workspace:
    return internal_workspace(now=NOON)


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


@pytest.fixture
def root(cast: Cast) -> User:
    return User.objects.create_superuser("root@baton.test", PASSWORD, name="Root")


def test_there_is_one_however_often_it_is_asked_for(internal: Workspace) -> None:
    assert internal_workspace(now=NOON) == internal
    with pytest.raises(IntegrityError):
        Workspace.everything.create(slug="second", name="Second", is_internal=True)


def test_no_list_has_it_and_no_name_finds_it_even_for_a_superuser(internal: Workspace, root: User, cast: Cast) -> None:
    assert internal not in Workspace.objects.all()
    assert workspaces_of(root) == [cast.acme, cast.other]
    with pytest.raises(NotFound):
        access_workspace(root, internal.slug)


def test_the_desk_and_the_api_do_not_show_it(internal: Workspace, root: User, cast: Cast) -> None:
    desk = Client()
    desk.force_login(root)
    assert internal.name not in desk.get("/").content.decode()
    assert internal.name not in desk.get("/w/acme/inbox/").content.decode()
    assert desk.get(f"/w/{internal.slug}/inbox/").status_code == 404
    token = create_token(email=root.email, now=NOON)
    api = Client(headers={"Authorization": f"Token {token}"})
    assert [found["slug"] for found in api.get("/api/v1/workspaces/").json()] == ["acme", "other"]
    assert api.get(f"/api/v1/conversations/?workspace={internal.slug}").status_code == 404


def test_commands_do_not_find_it(internal: Workspace) -> None:
    assert "there is no workspace" in refusal("audit", "--workspace", internal.slug)


def test_its_name_cannot_be_taken(internal: Workspace) -> None:
    with pytest.raises(ValidationError, match="slug"):
        create_workspace(
            slug=internal.slug, name="Mine", timezone="UTC", owner_email="x@y.test", owner_password=PASSWORD, now=NOON
        )


def test_the_admin_shows_it(internal: Workspace, root: User) -> None:
    admin = Client()
    admin.force_login(root)
    assert internal.name in admin.get(reverse("admin:crm_workspace_changelist")).content.decode()
    assert admin.get(reverse("admin:crm_workspace_change", args=[internal.pk])).status_code == 200
