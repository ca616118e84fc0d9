"""Analyse blocks that arrive in an asyncio queue, as from a websocket: asyncio_queue.py call.wav.

A window takes longer than the event loop may be held up, so blocks are pushed in another thread.
"""

import asyncio
import sys

import numpy as np
import soundfile
from numpy.typing import NDArray

import callmood

Block = NDArray[np.int16]


async def receive(path: str, queue: "asyncio.Queue[Block | None]") -> None:
    """Put the blocks of a recording into the queue, as a network would; None is the end."""
    for block in soundfile.blocks(path, blocksize=3200, dtype="int16"):
        await queue.put(block)
    await queue.put(None)


async def analyse(listener: callmood.Listener, queue: "asyncio.Queue[Block | None]") -> None:
    """Print the emotion of each window as soon as it is known."""
    is_over = False
    while not is_over:
        block = await queue.get()
        is_over = block is None
        rows = listener.finish() if block is None else await asyncio.to_thread(listener.push, block)
        for row in rows:
            print(f"{row.leg} {row.end:6.1f} s  {row.emotion or row.state}")


async def main(path: str) -> None:
    """Receive and analyse at the same time."""
    info = soundfile.info(path)
    queue: asyncio.Queue[Block | None] = asyncio.Queue(maxsize=50)
    with callmood.Listener(info.samplerate, channels=info.channels) as listener:
        await asyncio.gather(receive(path, queue), analyse(listener, queue))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
