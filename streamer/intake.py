"""Where a source puts its blocks, as the source sees it."""

from typing import Protocol

from streamer.block import AudioBlock


class Intake(Protocol):
    """Takes the blocks of one source; a queue, or what stands before one."""

    def put(self, block: AudioBlock) -> None:
        """Take a block at once.

        Parameters
        ----------
        block : AudioBlock
            The next one.
        """
        ...

    def put_waiting(self, block: AudioBlock) -> bool:
        """Take a block as soon as there is room.

        Parameters
        ----------
        block : AudioBlock
            The next one.

        Returns
        -------
        bool
            False where none is taken any more.
        """
        ...

    def note_absence(self, reason: str | None) -> None:
        """Learn that the device is away and is waited for, or is back.

        Parameters
        ----------
        reason : str or None
            Why it went; None once it is back.
        """
        ...

    def close(self, error: BaseException | None = None) -> None:
        """Learn that nothing more comes; a second call changes nothing.

        Parameters
        ----------
        error : BaseException, optional
            Why, where that is not the natural end.
        """
        ...
