"""What sinks share: the complaints that they collect."""

from streamer.sinks.base import MAX_COMPLAINTS, Complaints


def test_the_first_complaints_are_kept_and_the_others_counted() -> None:
    complaints = Complaints()
    for number in range(MAX_COMPLAINTS + 3):
        complaints.add(f"number {number % 10}")
    first = tuple(f"number {number}" for number in range(MAX_COMPLAINTS))
    assert complaints.lines == (*first, "3 more of this kind, the last: number 0")


def test_a_complaint_added_once_is_not_repeated_and_memory_has_a_bound() -> None:
    complaints = Complaints()
    for number in (*range(100), 1, 99):
        complaints.add_once(f"number {number}")
    assert complaints.lines[-1] == f"{64 - MAX_COMPLAINTS} more of this kind, the last: number 63"
    complaints.add("number 1")
    assert complaints.lines[-1] == f"{65 - MAX_COMPLAINTS} more of this kind, the last: number 1"
