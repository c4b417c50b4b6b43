"""Who may do what. A stranger learns not even that there is something."""

import pytest

from crm.access import MAY, NotAllowed, NotFound, access_lead, access_workspace, may, workspaces_of
from crm.models import Lead, Role, User
from handover.access import access_handover
from messaging.access import access_channel, access_conversation
from project.kernel.scope import workspace_scope
from tests.cast import Cast, gather_cast, join

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


ALLOWED = {
    Role.OWNER: {"read", "reply", "configure", "admin"},
    Role.MANAGER: {"read", "reply", "configure"},
    Role.SALES: {"read", "reply"},
    Role.MARKETER: {"read"},
    Role.VIEWER: {"read"},
}


@pytest.mark.parametrize("role", ALLOWED)
def test_each_role_may_what_it_may(cast: Cast, role: Role) -> None:
    member = join(cast.acme, "member@acme.test", role)
    assert {action for action in MAY if may(member, cast.acme, action)} == ALLOWED[role]


def test_a_stranger_finds_nothing(cast: Cast) -> None:
    with pytest.raises(NotFound):
        access_workspace(cast.clara, "acme")
    with workspace_scope(cast.acme):
        for access in (access_conversation, access_channel, access_lead, access_handover):
            with pytest.raises(NotFound):
                access(cast.clara, cast.acme, 1)


def test_what_does_not_exist_looks_the_same_as_what_is_not_yours(cast: Cast) -> None:
    with pytest.raises(NotFound) as missing:
        access_workspace(cast.clara, "nothing")
    with pytest.raises(NotFound) as forbidden:
        access_workspace(cast.clara, "acme")
    assert str(missing.value) == str(forbidden.value)


def test_a_viewer_reads_and_is_told_that_the_role_does_not_cover_more(cast: Cast) -> None:
    assert access_workspace(cast.vera, "acme") == cast.acme
    with workspace_scope(cast.acme), pytest.raises(NotAllowed, match="viewer"):
        access_conversation(cast.vera, cast.acme, cast.conversation.pk, "reply")


def test_rows_of_another_workspace_are_not_found_by_their_number(cast: Cast) -> None:
    with workspace_scope(cast.other), pytest.raises(NotFound):
        access_conversation(cast.clara, cast.other, cast.conversation.pk)
    with workspace_scope(cast.other), pytest.raises(NotFound):
        access_lead(cast.clara, cast.other, cast.davi.pk)


def test_a_superuser_is_an_owner_everywhere(cast: Cast) -> None:
    root = User.objects.create_superuser("root@acme.test", "a long enough passphrase")
    assert may(root, cast.acme, "admin")
    assert workspaces_of(root) == [cast.acme, cast.other]
    assert workspaces_of(cast.clara) == [cast.other]


def test_a_query_without_a_workspace_is_an_error(cast: Cast) -> None:
    from django_scopes import ScopeError

    with pytest.raises(ScopeError):
        list(Lead.objects.all())
