"""A whole kind of channel in one folder, as docs/extend/channel.md describes it: carrier pigeons."""
