"""The door to colleagues: a conversation may be given only to somebody of the workspace who may reply."""

from crm.access import MAY, NotFound
from crm.models import Membership, User
from inbox.desk import Desk


def access_colleague(desk: Desk, user_id: int) -> User:
    """Raises NotFound for anybody else."""
    found = Membership.objects.filter(workspace=desk.workspace, user=user_id, role__in=MAY["reply"])
    membership = found.select_related("user").first()
    if membership is None:
        raise NotFound("There is no such colleague who may reply.")
    return membership.user
