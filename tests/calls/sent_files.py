"""Beginnings of files as phones make them, long enough to tell their kind, and forms that carry them."""

BOUNDARY = "----a-boundary-of-the-tests"


def box(kind, *parts):
    """A box of an ISO base media file."""
    body = b"".join(parts)
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def ftyp(major, *compatible):
    """The box such a file begins with, and a bit of what follows."""
    return box(b"ftyp", major, b"\0\0\2\0", *compatible) + box(b"mdat", bytes(64))


def ebml(doctype):
    """The header of a Matroska file of this DocType."""
    elements = b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08"
    elements += b"\x42\x82" + bytes([0x80 | len(doctype)]) + doctype + b"\x42\x87\x81\x04\x42\x85\x81\x02"
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(elements)]) + elements + bytes(64)


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01" + bytes(200)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200)
GIF = b"GIF89a\x01\x00\x01\x00" + bytes(50)
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(50)
HEIC = ftyp(b"heic", b"mif1", b"heic")
MP4 = ftyp(b"isom", b"isom", b"iso2", b"avc1", b"mp41")
QUICKTIME = ftyp(b"qt  ", b"qt  ")
WEBM = ebml(b"webm")
THREE_GPP = ftyp(b"3gp4", b"isom", b"3gp4")

IMAGES = {
    "jpg": (JPEG, b"\xff\xd8\xff\xdb" + bytes(20)),
    "png": (PNG,),
    "gif": (GIF, b"GIF87a" + bytes(20)),
    "webp": (WEBP, b"RIFF\x24\x00\x00\x00WEBPVP8X" + bytes(20)),
    "heic": (HEIC, ftyp(b"mif1", b"mif1", b"heic"), ftyp(b"heix", b"mif1")),
}
VIDEOS = {
    "mp4": (MP4, ftyp(b"mp42", b"isom", b"mp42"), ftyp(b"M4V ", b"M4V ", b"mp42"), ftyp(b"MSNV", b"mp42", b"isom")),
    "mov": (QUICKTIME, ftyp(b"qt  ")),
    "webm": (WEBM,),
    "3gp": (THREE_GPP, ftyp(b"3gp5", b"3gp5", b"isom")),
}
# What is neither, or only says that it is.
OTHERS = {
    "nothing": b"",
    "text": b"I am a picture",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "HTML that mentions PNG": b"<html>\x89PNG\r\n\x1a\n",
    "PDF": b"%PDF-1.7",
    "half a PNG": b"\x89PNG",
    "WAV": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "AVI": b"RIFF\x24\x00\x00\x00AVI LIST",
    "Matroska": ebml(b"matroska"),
    "AVIF": ftyp(b"avif", b"avif", b"mif1", b"miaf"),
    "M4A": ftyp(b"M4A ", b"M4A ", b"mp42", b"isom"),
    "a box without brands": box(b"ftyp", b"isom"),
    "a box of no size": b"\0\0\0\0ftypisom" + bytes(40),
}


def part(name, content, filename=None, content_type=None):
    """One field of a form."""
    head = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"'
    if content_type is not None:
        head += f"\r\nContent-Type: {content_type}"
    content = content if isinstance(content, bytes) else content.encode()
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def form(*parts):
    """A whole form, as `raw` and `content_type` of a request."""
    return {
        "raw": b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(),
        "content_type": f"multipart/form-data; boundary={BOUNDARY}",
    }


def file_form(content, *parts, filename="file.bin", content_type="application/octet-stream"):
    """A form with one file, and whatever `parts` beside it."""
    return form(*parts, part("file", content, filename, content_type))
