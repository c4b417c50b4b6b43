"""The installation's own channel, on which it talks to itself to see that a message gets through."""
