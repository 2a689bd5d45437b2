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
    import requests

    pooch.get_logger().setLevel("ERROR")  # the bar says what is downloaded
    get = pooch.HTTPDownloader(progressbar=True, timeout=SILENCE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(url, checksum, path.name, path.parent, downloader=get)
    except requests.HTTPError as error:
        answer = error.response
        answer.close()  # pooch leaves it open
        reason, cause = f"the server answers {answer.status_code} {answer.reason}", error
    except (requests.Timeout, requests.ConnectionError) as error:
        silent = "timed out" in str(error)
        reason = f"nothing arrived for {SILENCE} seconds" if silent else "no network reaches it"
        cause = error
    except requests.RequestException as error:  # the connection ended before the file did
        reason, cause = "the transfer was cut off", error
    except ValueError as error:
        reason, cause = "what arrived is another file: its checksum differs", error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason, cause = "the disk is full" if full else f"{path} cannot be written: {error}", error
    else:
        return path
    host = urlsplit(url).hostname
    raise OSError(f"{path.name} could not be had from {host}: {reason}; {otherwise}") from cause
