"""The kinds of files that are kept, told by their first bytes and never by a name or by what a client says of them.

Signatures: the WHATWG's MIME Sniffing standard for JPEG, PNG, GIF and WebP; ISO/IEC 14496-12 (`ftyp` and its brands)
for HEIC, MP4, QuickTime and 3GPP; RFC 9559 and 8794 (the EBML header and its DocType) for WebM.
"""

from dataclasses import dataclass

# So much of a file's beginning is enough to tell its kind.
HEAD = 4_096


@dataclass(frozen=True)
class Kind:
    """A kind of file: the extension it is stored under, and the content type it is served with."""

    extension: str
    content_type: str


JPEG = Kind("jpg", "image/jpeg")
PNG = Kind("png", "image/png")
GIF = Kind("gif", "image/gif")
WEBP = Kind("webp", "image/webp")
HEIC = Kind("heic", "image/heic")
MP4 = Kind("mp4", "video/mp4")
QUICKTIME = Kind("mov", "video/quicktime")
WEBM = Kind("webm", "video/webm")
THREE_GPP = Kind("3gp", "video/3gpp")
WAV = Kind("wav", "audio/wav")

IMAGES = (JPEG, PNG, GIF, WEBP, HEIC)
VIDEOS = (MP4, QUICKTIME, WEBM, THREE_GPP)
BY_EXTENSION = {kind.extension: kind for kind in (*IMAGES, *VIDEOS, WAV)}

# Kinds that begin with certain bytes, from a certain place on.
SIGNATURES: tuple[tuple[Kind, dict[int, bytes]], ...] = (
    (JPEG, {0: b"\xff\xd8\xff"}),
    (PNG, {0: b"\x89PNG\r\n\x1a\n"}),
    (GIF, {0: b"GIF87a"}),
    (GIF, {0: b"GIF89a"}),
    (WEBP, {0: b"RIFF", 8: b"WEBPVP8"}),
    (WAV, {0: b"RIFF", 8: b"WAVE"}),
)
EBML = b"\x1a\x45\xdf\xa3"
WEBM_DOCTYPE = b"\x42\x82\x84webm"

# Brands of ISO base media files. A file names the one it is first of all, and others it can be read as.
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
HEIF_BRANDS = frozenset({b"mif1", b"msf1"})
THREE_GPP_BRANDS = (b"3gp", b"3gr", b"3gs", b"3ge", b"3gg")
MP4_BRANDS = frozenset({b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "})
# Other things in the same container: pictures we do not take, and sound.
OTHER_BRANDS = frozenset({b"avif", b"avis", b"M4A ", b"M4B ", b"M4P "})


def kind_of(head: bytes) -> Kind | None:
    """The kind of the file that begins with `head`, its first HEAD bytes; None where it is none of ours."""
    for kind, parts in SIGNATURES:
        if all(head.startswith(part, place) for place, part in parts.items()):
            return kind
    if head.startswith(EBML):
        return WEBM if WEBM_DOCTYPE in head[:64] else None
    return _kind_of_brands(_brands(head))


def _brands(head: bytes) -> list[bytes]:
    """The brands in the `ftyp` box that `head` begins with, the major one first; none where there is no such box."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or size < 16 or size % 4:
        return []
    box = head[8:size]
    # The second word is the minor version.
    return [box[place : place + 4] for place in range(0, len(box), 4) if place != 4]


def _kind_of_brands(brands: list[bytes]) -> Kind | None:
    if not brands or brands[0] in OTHER_BRANDS:
        return None
    major = brands[0]
    if major in HEIC_BRANDS or (major in HEIF_BRANDS and HEIC_BRANDS.intersection(brands)):
        return HEIC
    if major == b"qt  ":
        return QUICKTIME
    if major.startswith(THREE_GPP_BRANDS):
        return THREE_GPP
    return MP4 if MP4_BRANDS.intersection(brands) else None
