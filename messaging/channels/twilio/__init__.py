"""What every channel on Twilio shares: the client, the signature, the forms, the codes. No kind of its own."""
