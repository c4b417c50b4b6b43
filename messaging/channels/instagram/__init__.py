"""Messages to an Instagram business account. https://developers.facebook.com/docs/messenger-platform/instagram"""
