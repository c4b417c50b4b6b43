"""What the API shows and takes of people: their names, what they allowed, and who turned out to be one person."""

from typing import Any

from rest_framework import serializers

from crm.models import Consent, Identity, LeadMerge, MergeProposal, Suppression
from crm.models.consent import ConsentState, Purpose
from crm.services.identities import BY_HAND
from messaging.transports import offered_kinds

from .serializers import LeadSummarySerializer, PersonSerializer


class IdentityDetailSerializer(serializers.ModelSerializer[Identity]):
    class Meta:
        model = Identity
        fields = ["id", "kind", "value", "source", "handle", "created_at"]


class NewIdentitySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField([kind.value for kind in BY_HAND])
    value = serializers.CharField(max_length=160, help_text="A phone number needs its country code.")


class ConsentSerializer(serializers.ModelSerializer[Consent]):
    """One line of the ledger. The newest of a channel and purpose is in force."""

    user = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Consent
        fields = ["id", "channel_kind", "purpose", "state", "at", "source", "proof", "text_shown", "user"]


class NotedConsentsSerializer(serializers.Serializer[Any]):
    results = ConsentSerializer(many=True, help_text="The lines that were written.")


class NewConsentSerializer(serializers.Serializer[Any]):
    channel_kind = serializers.ChoiceField(offered_kinds())
    purpose = serializers.ChoiceField(Purpose.choices)
    state = serializers.ChoiceField([ConsentState.GRANTED.value, ConsentState.WITHDRAWN.value])
    source = serializers.CharField(max_length=64, help_text="Where they said it: phone, paper, fair.")
    reason = serializers.CharField(max_length=2000, help_text="What they said, or where the paper lies.")
    text_shown = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class OptInRequestSerializer(serializers.Serializer[Any]):
    source = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=2000)


class PreferredChannelSerializer(serializers.Serializer[Any]):
    channel = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, allow_null=True, help_text="A channel's id; null: where they wrote last."
    )


class MergeRequestSerializer(serializers.Serializer[Any]):
    gone = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="The lead that becomes part of this one."
    )
    reason = serializers.CharField(max_length=2000)


class MergeSerializer(serializers.ModelSerializer[LeadMerge]):
    rows = serializers.SerializerMethodField(help_text="How many rows moved.")

    class Meta:
        model = LeadMerge
        fields = ["id", "kept", "gone", "reason", "actor", "merged_at", "undone_at", "rows"]

    def get_rows(self, merge: LeadMerge) -> int:
        return sum(len(keys) for keys in merge.moved.values())


class ProposalSerializer(serializers.ModelSerializer[MergeProposal]):
    first = LeadSummarySerializer(read_only=True)
    second = LeadSummarySerializer(read_only=True)

    class Meta:
        model = MergeProposal
        fields = ["id", "first", "second", "reason", "proposed_at", "settled_at", "settled_as"]


class SuppressionSerializer(serializers.ModelSerializer[Suppression]):
    class Meta:
        model = Suppression
        fields = ["id", "kind", "value", "reason", "source", "created_at", "lifted_at"]


class SuppressionListSerializer(serializers.Serializer[Any]):
    list = serializers.CharField(
        trim_whitespace=False, help_text="CSV text with a header of phone, email, reason; or one value a line."
    )
    source = serializers.CharField(max_length=64, help_text="What the list is called, for whoever asks later.")
    is_preview = serializers.BooleanField(default=False, help_text="Only say what would be taken in.")


class WrongLineSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    value = serializers.CharField()
    why = serializers.CharField()


class TakenSerializer(serializers.Serializer[Any]):
    """What was taken in. In a preview only `read` and the problems."""

    read = serializers.IntegerField(help_text="How many numbers and addresses the list holds.")
    wrong = serializers.IntegerField(help_text="How many could not be read; the first of them are named.")
    problems = WrongLineSerializer(many=True)
    added = serializers.IntegerField(allow_null=True)
    known = serializers.IntegerField(allow_null=True)
    leads = serializers.IntegerField(allow_null=True, help_text="How many of your leads get no more marketing by it.")
