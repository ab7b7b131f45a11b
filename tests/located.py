"""Picture files that tell where they were taken, in every part of a file that can."""

import io
import zlib

from PIL import ExifTags, Image, PngImagePlugin

PLACE = b"Kamakura"
LATITUDE = 35.3192
XMP = (
    b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    b"<rdf:RDF><rdf:Description exif:GPSLatitude='35,19.152N' photoshop:City='Kamakura'/>"
    b"</rdf:RDF></x:xmpmeta>"
)
TRACES = (PLACE, b"GPS", b"35,19")


def exif(orientation=1):
    """EXIF with a position, a place, a camera and an orientation."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    made[ExifTags.Base.ImageDescription] = PLACE.decode()
    made[ExifTags.Base.Model] = "GPS camera"
    position = made.get_ifd(ExifTags.IFD.GPSInfo)
    position[ExifTags.GPS.GPSLatitudeRef] = "N"
    position[ExifTags.GPS.GPSLatitude] = (35.0, 19.0, 9.12)
    position[ExifTags.GPS.GPSAreaInformation] = PLACE
    return made


def located(picture, kind, orientation=1, **options):
    """The bytes of a file of this kind (PNG, JPEG or WEBP)."""
    held, told = io.BytesIO(), {"exif": exif(orientation), "xmp": XMP}
    if kind == "PNG":
        told = {"exif": told["exif"], "pnginfo": PngImagePlugin.PngInfo()}
        told["pnginfo"].add_text("Location", PLACE.decode())
        told["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=False)
        told["pnginfo"].add(b"plCe", PLACE)
    if kind == "JPEG":
        told["comment"] = PLACE
        told["extra"] = _segment(0xED, b"Photoshop 3.0\0" + PLACE) + _segment(0xEC, PLACE)
    picture.save(held, kind, **told, **options)
    data = held.getvalue() + PLACE  # a trailer, as telephones append films to pictures
    if kind == "WEBP":
        chunk = b"PLCE" + len(PLACE).to_bytes(4, "little") + PLACE
        whole = held.getvalue() + chunk
        data = whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:]
    return data


def chunk(name, data):
    """A chunk of a PNG."""
    checked = name + data
    return len(data).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")


def _segment(marker, data):
    return bytes([0xFF, marker]) + (2 + len(data)).to_bytes(2, "big") + data
