"""The query parameters of the lists, checked before they reach a query."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from handover.models.handovers import OPEN_STATES, HandoverState
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import MessageStatus

from .queries import VIEWS


class SearchFilter(serializers.Serializer[Any]):
    search = serializers.CharField(required=False, max_length=100, allow_blank=True)


class ConversationFilter(SearchFilter):
    status = serializers.ChoiceField(ConversationStatus.choices, required=False)
    view = serializers.ChoiceField(
        VIEWS,
        required=False,
        help_text="The inbox's views. waiting: for a person · mine: assigned to you or taken over by you · ai: the "
        "agents answer · closing: free text is possible for less than four hours more.",
    )
    closes_within = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=24 * 60,
        help_text="Open conversations whose service window closes in so many minutes: 30.",
    )
    assignee = serializers.RegexField(
        r"^(me|none|\d{1,18})\Z", required=False, help_text="The id of a colleague, `me`, or `none`."
    )


class HandoverFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        ["open", *HandoverState.values], required=False, help_text="`open` is waiting or callback."
    )

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        state = self.validated_data.get("state")
        if state is None:
            return rows
        return rows.filter(state__in=OPEN_STATES if state == "open" else [state])


class UndeliveredFilter(serializers.Serializer[Any]):
    channel = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="A channel's id.")
    status = serializers.ChoiceField(
        [MessageStatus.FAILED.value, MessageStatus.IN_DOUBT.value],
        required=False,
        help_text="failed: it did not arrive · in_doubt: nobody can say whether it arrived.",
    )
    code = serializers.CharField(required=False, max_length=32, help_text="The error code it ended with.")


class SinceFilter(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        help_text="Only what changed after this `seq`, oldest change first.",
    )


class AfterFilter(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        default=0, min_value=0, max_value=2**63 - 1, help_text="Only entries after this id."
    )


def assigned(rows: QuerySet[Any], assignee: str, user_id: int) -> QuerySet[Any]:
    if assignee == "none":
        return rows.filter(assignee__isnull=True)
    return rows.filter(assignee_id=user_id if assignee == "me" else int(assignee))
