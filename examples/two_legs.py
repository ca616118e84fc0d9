"""Sum up the two sides of a call that is recorded in two channels: two_legs.py call.wav [LEG ...].

Name the legs of the people who agreed to be analysed; without names the customer is. An agent is staff and is
left out: inferring emotions of employees at work is prohibited in the EU (AI Act, article 5(1)(f)).
"""

import sys
from collections import Counter

import soundfile

import callmood

LEGS = ("customer", "agent")


def main(path: str, analyse: list[str]) -> None:
    """Print for each leg how many of its windows showed which emotion."""
    samples, rate = soundfile.read(path, dtype="int16")
    counts: dict[str, Counter[str]] = {}
    with callmood.Listener(rate, channels=2, legs=LEGS, analyse=analyse or None) as listener:
        for row in listener.push(samples) + listener.finish():
            counts.setdefault(row.leg, Counter())[row.emotion or row.state] += 1
    for leg, counter in counts.items():
        print(f"{leg}: {', '.join(f'{word} {count}' for word, count in counter.most_common())}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
