"""Files from the network: checked, and written whole or not at all."""

import errno
import os
from pathlib import Path
from urllib.parse import urlsplit

SILENCE = 30  # seconds without receiving a byte, after which a download is given up


def keras_home() -> Path:
    """The folder in which Keras keeps what it downloads: KERAS_HOME, or ~/.keras.

    A class that sets KERAS_HOME to one shared folder downloads each file once.
    """
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))


def download(url: str, checksum: str, path: Path, otherwise: str) -> Path:
    """Get a file from the network, unless it is there and whole; returns `path`.

    Args:
        url: http or https.
        checksum: of the whole file, as in "sha256:579344..." or "md5:643732...".
        path: where the file goes. What arrives is kept elsewhere until its checksum fits.
        otherwise: what to do without the file; it ends each error.

    Raises OSError, with what went wrong in one sentence and the error behind it as its cause.
    """
    import pooch

    pooch.get_logger().setLevel("ERROR")  # the bar says what is downloaded
    get = pooch.HTTPDownloader(progressbar=True, timeout=SILENCE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(url, checksum, path.name, path.parent, downloader=get)
    except (OSError, ValueError) as error:
        what = f"{path.name} could not be had from {urlsplit(url).hostname}"
        raise OSError(f"{what}: {_reason(error, path)}; {otherwise}") from error
    return path


def _reason(error, path):
    """What went wrong, in a few words. The errors of `requests` are OSErrors, too."""
    import requests

    if isinstance(error, requests.HTTPError):
        error.response.close()  # pooch leaves it open
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout | requests.ConnectionError):
        if "timed out" in str(error):
            return f"nothing arrived for {SILENCE} seconds"
        return "no connection could be made"  # no network, a proxy, a certificate
    if isinstance(error, requests.RequestException):
        return "the transfer was cut off"
    if isinstance(error, ValueError):
        return "what arrived is another file: its checksum differs"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return f"{path} cannot be written: {error}"
