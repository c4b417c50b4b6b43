from django.urls import path

from inbox.settings import calendly, channels, general, handover, hours, knowledge, members, tokens

urlpatterns = [
    path("", general.general, name="settings"),
    path("handover/", handover.policy, name="settings_handover"),
    path("hours/", hours.hours, name="settings_hours"),
    path("hours/holidays/", hours.add_holiday, name="settings_add_holiday"),
    path("hours/holidays/<int:holiday_id>/remove/", hours.remove_holiday, name="settings_remove_holiday"),
    path("channels/", channels.channels, name="settings_channels"),
    path("channels/add/<slug:kind>/", channels.add_channel, name="settings_add_channel"),
    path("channels/<int:channel_id>/", channels.edit_channel, name="settings_channel"),
    path("channels/<int:channel_id>/check/", channels.check, name="settings_check_channel"),
    path("channels/<int:channel_id>/pause/", channels.pause, name="settings_pause_channel"),
    path("channels/<int:channel_id>/resume/", channels.resume, name="settings_resume_channel"),
    path("calendly/", calendly.calendly, name="settings_calendly"),
    path("calendly/disconnect/", calendly.disconnect, name="settings_disconnect_calendly"),
    path("knowledge/", knowledge.knowledge, name="settings_knowledge"),
    path("knowledge/add/", knowledge.add_entry, name="settings_add_entry"),
    path("knowledge/<int:entry_id>/", knowledge.edit_entry, name="settings_entry"),
    path("knowledge/<int:entry_id>/remove/", knowledge.remove_entry, name="settings_remove_entry"),
    path("members/", members.members, name="settings_members"),
    path("members/<int:member_id>/role/", members.set_role, name="settings_member_role"),
    path("members/<int:member_id>/remove/", members.remove, name="settings_remove_member"),
    path("tokens/", tokens.tokens, name="settings_tokens"),
    path("tokens/<slug:digest>/revoke/", tokens.revoke, name="settings_revoke_token"),
]
