from django.urls import path

from inbox.consumers import InboxConsumer

websocket_urlpatterns = [path("ws/inbox/<slug:slug>/", InboxConsumer.as_asgi())]
