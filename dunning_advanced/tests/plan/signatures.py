import base64
import io

from PIL import Image, ImageDraw


def picture(kind="PNG", *, drawn=True):
    """A picture as the signature form sends it: base64, with a stroke or without."""
    image = Image.new("RGBA", (200, 60))
    if drawn:
        ImageDraw.Draw(image).line([(10, 50), (60, 10), (90, 50), (190, 20)], (20, 20, 90), 3)
    output = io.BytesIO()
    (image if kind == "PNG" else image.convert("RGB")).save(output, kind)
    return base64.b64encode(output.getvalue()).decode()


SIGNATURE = picture()
