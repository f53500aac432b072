"""Draw a QR code with half blocks."""

from __future__ import annotations

from rich.text import Text


def qr_code(content: str, *, only_ascii: bool) -> Text:
    """Return a QR code, dark on light whatever colors the terminal has.

    Half blocks put two rows into one.
    """
    import segno

    matrix = [[bool(dark) for dark in row] for row in segno.make(content, error="l", micro=False).matrix_iter(border=1)]
    if only_ascii:
        return Text("\n").join(
            Text("".join("##" if dark else "  " for dark in row), "black on white") for row in matrix
        )
    light = [False] * len(matrix[0])
    if len(matrix) % 2:
        matrix.append(light)
    blocks = {(False, False): " ", (True, True): "█", (True, False): "▀", (False, True): "▄"}
    return Text("\n").join(
        Text("".join(blocks[pair] for pair in zip(upper, lower, strict=True)), "black on white")
        for upper, lower in zip(matrix[::2], matrix[1::2], strict=True)
    )
