from importlib.util import find_spec

from django.urls import include, path

from inbox.views import (
    alarm,
    attachments,
    audit,
    conversations,
    corrections,
    facts,
    handovers,
    home,
    listing,
    people,
    products,
    quality,
    senders,
    templates,
    unanswered,
    undelivered,
)

app_name = "inbox"

conversation = "w/<slug:slug>/conversations/<int:conversation_id>/"
message = f"{conversation}messages/<uuid:message_id>/"
letters = "w/<slug:slug>/undelivered/"
person = "w/<slug:slug>/leads/<int:lead_id>/"

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
    path(f"{conversation}template/", templates.choose, name="choose_template"),
    path(f"{conversation}take-over/", conversations.take_over, name="take_over"),
    path(f"{conversation}return-to-ai/", conversations.return_to_ai, name="return_to_ai"),
    path(f"{conversation}resolve/", conversations.resolve, name="resolve"),
    path(f"{conversation}assign/", conversations.assign, name="assign"),
    path(f"{conversation}vip/", conversations.mark_vip, name="mark_vip"),
    path(f"{conversation}facts/", facts.correct, name="correct_fact"),
    path(f"{conversation}tags/", facts.tag, name="tag_lead"),
    path(f"{conversation}tags/remove/", facts.untag, name="untag_lead"),
    path(f"{message}replay/", conversations.replay, name="replay"),
    path(f"{message}dismiss/", conversations.dismiss, name="dismiss"),
    path(f"{message}reading/", corrections.reading, name="reading"),
    path(f"{message}override-doubt/", conversations.override, name="override_doubt"),
    path("w/<slug:slug>/attachments/<uuid:attachment_id>/", attachments.attachment, name="attachment"),
    path("w/<slug:slug>/attachments/<uuid:attachment_id>/small/", attachments.thumbnail, name="thumbnail"),
    path("w/<slug:slug>/handovers/", handovers.queue, name="handovers"),
    path("w/<slug:slug>/handovers/<int:handover_id>/claim/", handovers.claim, name="claim"),
    path("w/<slug:slug>/quality/", quality.quality, name="quality"),
    path("w/<slug:slug>/quality/handovers/<int:handover_id>/", quality.judge, name="judge_handover"),
    path("w/<slug:slug>/alarm/", alarm.alarm, name="alarm"),
    path("w/<slug:slug>/senders/<int:channel_id>/resume/", senders.resume, name="resume_sender"),
    path(letters, undelivered.undelivered, name="undelivered"),
    path(f"{letters}replay/", undelivered.replay_alike, name="replay_alike"),
    path(f"{letters}<uuid:message_id>/replay/", undelivered.replay, name="replay_letter"),
    path(f"{letters}<uuid:message_id>/dismiss/", undelivered.dismiss, name="dismiss_letter"),
    path(person, people.person, name="person"),
    path(f"{person}names/", people.add_name, name="add_name"),
    path(f"{person}names/<int:identity_id>/remove/", people.remove_name, name="remove_name"),
    path(f"{person}channel/", people.prefer, name="prefer_channel"),
    path(f"{person}consent/", people.note, name="note_consent"),
    path(f"{person}consent/ask/", people.ask, name="ask_opt_in"),
    path(f"{person}consent/export/", people.export, name="export_consent"),
    path(f"{person}merge/<int:other_id>/", people.merge, name="merge_people"),
    path(f"{person}merges/<int:merge_id>/undo/", people.part, name="part_people"),
    path(f"{person}proposals/<int:proposal_id>/decline/", people.decline, name="decline_proposal"),
    path("w/<slug:slug>/unanswered/", unanswered.unanswered, name="unanswered"),
    path("w/<slug:slug>/unanswered/<int:question_id>/answer/", unanswered.answer, name="answer_question"),
    path("w/<slug:slug>/unanswered/<int:question_id>/dismiss/", unanswered.dismiss, name="dismiss_question"),
    path("w/<slug:slug>/products/", products.products, name="products"),
    path("w/<slug:slug>/products/import/", products.import_table, name="import_products"),
    path("w/<slug:slug>/products/<int:product_id>/stock/", products.stock, name="set_stock"),
    path("w/<slug:slug>/products/<int:product_id>/waiting/", products.waiting, name="waiting_for"),
    path(
        "w/<slug:slug>/products/<int:product_id>/waiting/<int:alert_id>/withdraw/",
        products.withdraw,
        name="withdraw_alert",
    ),
    path("w/<slug:slug>/audit/", audit.audit, name="audit"),
    path("w/<slug:slug>/audit/run/", audit.run, name="run_audit"),
]

if find_spec("inbox.settings_urls"):
    urlpatterns.append(path("w/<slug:slug>/settings/", include("inbox.settings_urls")))
