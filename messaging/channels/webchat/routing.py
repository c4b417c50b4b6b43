from django.urls import re_path

from .consumers import VisitorConsumer

websocket_urlpatterns = [
    re_path(r"^ws/chat/(?P<token>[-a-zA-Z0-9_]+)/$", VisitorConsumer.as_asgi()),
]
