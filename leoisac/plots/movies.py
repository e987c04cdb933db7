"""Moving pictures from figures: GIF by Pillow, which Matplotlib brings along; MP4 where ``ffmpeg`` is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOVIES = (".gif", ".mp4")
_DPI = 110


def check_movie(path: Path) -> Path:
    """The path, if it can be written.

    Raises:
        ConfigError: for other endings, and for MP4 without ``ffmpeg``.
    """
    if path.suffix.lower() not in MOVIES:
        raise ConfigError(f"{path}: must end in {' or '.join(MOVIES)}.")
    if path.suffix.lower() == ".mp4" and shutil.which("ffmpeg") is None:
        raise ConfigError(f"{path}: MP4 is written by ffmpeg, which is not installed here; write .gif.")
    return path


def save_movie(figures: Iterable[Figure], path: Path, frames_per_s: float) -> None:
    """Write figures of one size as a moving picture that repeats (GIF) or ends (MP4).

    Raises:
        ConfigError: as ``check_movie``, and where ``ffmpeg`` fails.
    """
    from PIL import Image

    check_movie(path)
    frames: list[Any] = []
    for figure in figures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI)
        buffer.seek(0)
        frames.append(Image.open(buffer).convert("RGB"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".gif":
        # One palette for all frames, of a frame in the middle: colours do not flicker.
        palette = frames[len(frames) // 2].quantize(colors=255)
        small = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
        duration = round(1000.0 / frames_per_s)
        small[0].save(path, save_all=True, append_images=small[1:], duration=duration, loop=0, optimize=True)
        return
    width, height = (size // 2 * 2 for size in frames[0].size)  # the codec's colours have half the resolution
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", f"{frames_per_s:g}", "-i", "-", "-pix_fmt", "yuv420p", str(path)]
    data = b"".join(frame.crop((0, 0, width, height)).tobytes() for frame in frames)
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise ConfigError(f"{path}: ffmpeg failed: {done.stderr.decode(errors='replace').strip()[-300:]}")


__all__ = ["MOVIES", "check_movie", "save_movie"]
