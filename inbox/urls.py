from importlib.util import find_spec

from django.urls import include, path

from inbox.views import alarm, audit, conversations, handovers, home, listing, senders, undelivered

app_name = "inbox"

conversation = "w/<slug:slug>/conversations/<int:conversation_id>/"
message = f"{conversation}messages/<uuid:message_id>/"
letters = "w/<slug:slug>/undelivered/"

urlpatterns = [
    path("", home.home, name="home"),
    path("w/<slug:slug>/", home.workspace, name="workspace"),
    path("w/<slug:slug>/inbox/", listing.inbox, name="inbox"),
    path(conversation, conversations.thread, name="thread"),
    path(f"{conversation}since/", conversations.since, name="since"),
    path(f"{conversation}earlier/", conversations.earlier, name="earlier"),
    path(f"{conversation}trail/", conversations.trail, name="trail"),
    path(f"{conversation}seen/", conversations.seen, name="seen"),
    path(f"{conversation}send/", conversations.send, name="send"),
    path(f"{conversation}take-over/", conversations.take_over, name="take_over"),
    path(f"{conversation}return-to-ai/", conversations.return_to_ai, name="return_to_ai"),
    path(f"{conversation}resolve/", conversations.resolve, name="resolve"),
    path(f"{conversation}assign/", conversations.assign, name="assign"),
    path(f"{conversation}vip/", conversations.mark_vip, name="mark_vip"),
    path(f"{message}replay/", conversations.replay, name="replay"),
    path(f"{message}dismiss/", conversations.dismiss, name="dismiss"),
    path(f"{message}override-doubt/", conversations.override, name="override_doubt"),
    path("w/<slug:slug>/handovers/", handovers.queue, name="handovers"),
    path("w/<slug:slug>/handovers/<int:handover_id>/claim/", handovers.claim, name="claim"),
    path("w/<slug:slug>/alarm/", alarm.alarm, name="alarm"),
    path("w/<slug:slug>/senders/<int:channel_id>/resume/", senders.resume, name="resume_sender"),
    path(letters, undelivered.undelivered, name="undelivered"),
    path(f"{letters}replay/", undelivered.replay_alike, name="replay_alike"),
    path(f"{letters}<uuid:message_id>/replay/", undelivered.replay, name="replay_letter"),
    path(f"{letters}<uuid:message_id>/dismiss/", undelivered.dismiss, name="dismiss_letter"),
    path("w/<slug:slug>/audit/", audit.audit, name="audit"),
    path("w/<slug:slug>/audit/run/", audit.run, name="run_audit"),
]

if find_spec("inbox.settings_urls"):
    urlpatterns.append(path("w/<slug:slug>/settings/", include("inbox.settings_urls")))
