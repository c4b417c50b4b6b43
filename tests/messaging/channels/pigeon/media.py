from collections.abc import Mapping

from messaging.media_fetch import Fetched, Item, Raw

from .webhook import ENCLOSED, read_letter


def fetch(config: Mapping[str, str], secrets: Mapping[str, str], item: Item, *, raw: Raw) -> Fetched:
    """It came with the letter itself."""
    return Fetched(read_letter(raw())[2].partition(ENCLOSED)[2].encode(), "text/plain", str(item["file_name"]))
