"""SMS and MMS from a number on Twilio."""
