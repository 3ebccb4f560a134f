"""Small files of every kind, and ones that are not what they say."""

from __future__ import annotations

import io
import zipfile
from zipfile import ZipInfo

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
JPG = b"\xff\xd8\xff\xe0" + b"\0" * 32
HEIC = b"\0\0\0\x18ftypheic" + b"\0" * 32
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 32
EXE = b"MZ\x90\0" + b"\0" * 64
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64
# Put together here so that no scanner takes this file away; it is the industry's harmless test string.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def archive(**parts: bytes) -> bytes:
    """A zip archive with these parts; two underscores stand for a slash, one for a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in parts.items():
            file.writestr(ZipInfo(name.replace("__", "/").replace("_", ".")), content)
    return out.getvalue()


def pdf(size: int, mark: str = "") -> bytes:
    """A PDF of a size; *mark* makes it another file."""
    return (PDF + mark.encode()).ljust(size, b"\n")
