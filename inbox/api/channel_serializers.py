"""What the API shows of a channel and takes for one. Secrets go in and never come out."""

from typing import Any

from rest_framework import serializers

from messaging.models import Channel
from messaging.services.channel_checks import Report
from messaging.services.channels import doors_of
from messaging.services.connecting import Connected
from messaging.transports import about, settings_of

from .serializers import ChannelHealthSerializer


class SettingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField()
    is_required = serializers.BooleanField()
    is_secret = serializers.BooleanField()


class ChannelKindSerializer(serializers.Serializer[str]):
    kind = serializers.CharField(source="*")
    title = serializers.SerializerMethodField()
    settings = serializers.SerializerMethodField()

    def get_title(self, kind: str) -> str:
        return about(kind).title

    def get_settings(self, kind: str) -> SettingSerializer(many=True):  # type: ignore[valid-type]
        return SettingSerializer(settings_of(kind), many=True).data


class ChannelDetailSerializer(ChannelHealthSerializer):
    settings = serializers.DictField(child=serializers.CharField(), read_only=True)
    stored_secrets = serializers.SerializerMethodField(help_text="Which secrets are stored; never their values.")
    doors = serializers.SerializerMethodField(help_text="The addresses that the provider or a customer calls.")

    class Meta(ChannelHealthSerializer.Meta):
        fields = [*ChannelHealthSerializer.Meta.fields, "settings", "stored_secrets", "doors"]

    def get_stored_secrets(self, channel: Channel) -> list[str]:
        return sorted(channel.secrets)

    def get_doors(self, channel: Channel) -> dict[str, str]:
        return doors_of(channel)


class ConnectedSerializer(serializers.Serializer[Connected]):
    channel = ChannelDetailSerializer(read_only=True)
    found = serializers.CharField(source="verified.found", help_text="What the provider said of the channel.")
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What could not be made sure of.")


class NewChannelSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=32)
    name = serializers.CharField(max_length=100)
    settings = serializers.DictField(child=serializers.CharField(), default=dict, help_text="See /channels/kinds/.")


class ChannelSettingsSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False)
    settings = serializers.DictField(child=serializers.CharField(allow_null=True), required=False)


class ProblemSerializer(serializers.Serializer[Any]):
    what = serializers.CharField()
    mend = serializers.CharField()
    setting = serializers.CharField()


class ReportSerializer(serializers.Serializer[Report]):
    is_well = serializers.BooleanField()
    found = serializers.CharField()
    problems = ProblemSerializer(many=True)
