"""The lane: so many jobs at a time, fair between people, first panels first, and honest about the wait."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.nouns import OwnerId, ServerId
from engine.studio.lane import PATIENCE_S, Lane, Rank, Ticket


class Clock:
    """Runs a lane dry in made-up time: a job of `units` takes `units` seconds, or what `speeds` says a unit takes."""

    def __init__(self, lane: Lane, speeds: dict[str, float] | None = None) -> None:
        self.lane, self.now, self.ids, self.speeds = lane, 0.0, 0, speeds or {}
        self.began: dict[int, float] = {}

    def add(self, owner: str, units: float = 1.0, *, kind: str = "paint", rank: Rank = Rank.FIRST,
            server: str = "") -> int:
        self.ids += 1
        self.lane.add(Ticket(self.ids, OwnerId(owner), kind, units, rank, self.now, ServerId(server)))
        return self.ids

    def step(self) -> Ticket | None:
        ticket = self.lane.begin(self.now)
        if ticket is None:
            return None
        self.began[ticket.job_id] = self.now
        seconds = ticket.units * self.speeds.get(ticket.kind, 1.0)
        self.now += seconds
        self.lane.end(ticket.job_id, seconds)
        return ticket

    def run(self, jobs: int = 10**6) -> list[Ticket]:
        done = []
        while len(done) < jobs and (ticket := self.step()) is not None:
            done.append(ticket)
        return done


def test_one_at_a_time_and_nothing_from_nothing() -> None:
    lane = Lane()
    assert lane.begin(0.0) is None and len(lane) == 0
    clock = Clock(lane)
    clock.add("a")
    clock.add("b")
    first = lane.begin(0.0)
    assert first is not None and lane.running == (first,)
    assert lane.begin(0.0) is None
    lane.end(first.job_id, 1.0)
    second = lane.begin(1.0)
    assert second is not None and second.job_id != first.job_id


def test_one_persons_jobs_keep_their_order() -> None:
    clock = Clock(Lane())
    ids = [clock.add("a") for _ in range(5)]
    assert [ticket.job_id for ticket in clock.run()] == ids


def test_two_people_alternate_however_much_one_asks() -> None:
    clock = Clock(Lane())
    clock.add("somebody")
    clock.run()                            # so that a job's cost is known
    for _ in range(20):
        clock.add("greedy")
    for _ in range(5):
        clock.add("light")
    owners = [ticket.owner_id for ticket in clock.run(10)]
    assert Counter(owners) == {"greedy": 5, "light": 5}
    assert all(a != b for a, b in itertools.pairwise(owners))


def test_a_newcomer_waits_for_one_job_only() -> None:
    clock = Clock(Lane())
    for _ in range(50):
        clock.add("greedy")
    clock.run(7)
    late = clock.add("late")
    after = [ticket.job_id for ticket in clock.run(2)]
    assert late in after


def test_fair_in_seconds_not_in_jobs() -> None:
    clock = Clock(Lane())
    for _ in range(100):
        clock.add("big", 4.0)
    for _ in range(400):
        clock.add("small", 1.0)
    seconds: Counter[str] = Counter()
    for ticket in clock.run(250):
        seconds[ticket.owner_id] += ticket.units
    assert 0.9 < seconds["big"] / seconds["small"] < 1.1


def test_what_a_job_took_beyond_its_estimate_is_paid_back() -> None:
    """Jobs that pretend to be cheap gain nothing: fairness is in measured seconds."""
    lane = Lane()
    spent: Counter[str] = Counter()
    for number in range(400):
        lane.add(Ticket(2 * number, OwnerId("liar"), "paint", 1.0, Rank.FIRST, 0.0))
        lane.add(Ticket(2 * number + 1, OwnerId("honest"), "paint", 1.0, Rank.FIRST, 0.0))
    for _ in range(200):
        ticket = lane.begin(0.0)
        assert ticket is not None
        seconds = 3.0 if ticket.owner_id == "liar" else 1.0
        spent[ticket.owner_id] += seconds
        lane.end(ticket.job_id, seconds)
    assert 0.85 < spent["liar"] / spent["honest"] < 1.15


def test_first_panels_before_later_ones_until_patience_ends() -> None:
    clock = Clock(Lane())
    later = clock.add("a", rank=Rank.LATER)
    first = clock.add("b", rank=Rank.FIRST)
    assert [ticket.job_id for ticket in clock.run()] == [first, later]
    clock = Clock(Lane())
    later = clock.add("a", rank=Rank.LATER)
    order = []
    while later not in order:              # somebody's first panel always waits
        clock.add(f"new{clock.ids}")
        clock.add(f"new{clock.ids}")
        order += [ticket.job_id for ticket in clock.run(1)]
        assert clock.now < 3 * PATIENCE_S, "a later panel starves"
    assert PATIENCE_S <= clock.began[later] <= 2 * PATIENCE_S + 5


def test_what_is_drawn_once_more_comes_after_everybodys_pictures() -> None:
    clock = Clock(Lane())
    again = clock.add("a", rank=Rank.AGAIN)
    later, first = clock.add("b", rank=Rank.LATER), clock.add("c")
    assert [ticket.job_id for ticket in clock.run()] == [first, later, again]
    clock = Clock(Lane())
    again, order = clock.add("a", rank=Rank.AGAIN), list[int]()
    while again not in order:
        clock.add(f"new{clock.ids}", rank=Rank.LATER)
        clock.add(f"new{clock.ids}", rank=Rank.LATER)
        order += [ticket.job_id for ticket in clock.run(1)]
        assert clock.now < 3 * PATIENCE_S, "a redraw starves"


def test_a_crowded_server_gets_no_more_than_a_small_one() -> None:
    clock = Clock(Lane())
    clock.add("somebody")
    clock.run()                            # so that a job's cost is known
    for _ in range(60):
        for owner in ("one", "two", "three"):
            clock.add(owner, server="crowded")
        clock.add("alone", server="small")
        clock.add("at home")               # a DM is a place of its own
    owners = Counter(ticket.owner_id for ticket in clock.run(90))
    assert abs(owners["alone"] - 30) <= 2 and abs(owners["at home"] - 30) <= 2
    assert all(abs(owners[owner] - 10) <= 2 for owner in ("one", "two", "three"))


def test_the_wait_is_what_it_turns_out_to_be() -> None:
    clock = Clock(Lane(), {"paint": 2.0, "write": 5.0})
    for owner in "abc":                    # measure first
        clock.add(owner, kind="write")
        clock.add(owner, 3.0)
    clock.run()
    for owner in "aabcbb":
        clock.add(owner, 3.0)
        clock.add(owner, kind="write", rank=Rank.FIRST)
    running = clock.lane.begin(clock.now)
    assert running is not None
    running_until = clock.now + 6.0
    told = clock.lane.outlook(clock.now)
    assert sorted(place for place, _ in told.values()) == list(range(11))
    clock.lane.end(running.job_id, 6.0)
    clock.now, asked = running_until, clock.now
    order = [ticket.job_id for ticket in clock.run()]
    assert [job_id for job_id, _ in sorted(told.items(), key=lambda item: item[1])] == order
    for job_id, (_, wait_s) in told.items():
        assert abs(clock.began[job_id] - asked - wait_s) <= 1.5, "an estimate is off by more than a step of a job"


def test_estimates_follow_the_measurements() -> None:
    lane = Lane()
    ticket = Ticket(1, OwnerId("a"), "paint", 1.3, Rank.FIRST, 0.0)
    for _ in range(30):
        lane.add(ticket)
        lane.begin(0.0)
        lane.end(1, 0.65)
    assert abs(lane.cost_s(ticket) - 0.65) < 0.01
    for _ in range(3):                     # failures and cancellations say nothing
        lane.add(ticket)
        lane.begin(0.0)
        lane.end(1)
    assert abs(lane.cost_s(ticket) - 0.65) < 0.01


def test_dropping_waiting_jobs() -> None:
    clock = Clock(Lane())
    one, two, three = clock.add("a"), clock.add("b"), clock.add("a")
    assert clock.lane.drop(two) and not clock.lane.drop(two) and not clock.lane.drop(99)
    assert [ticket.job_id for ticket in clock.run()] == [one, three]
    assert len(clock.lane) == 0


@given(st.lists(st.one_of(
    st.tuples(st.just("add"), st.sampled_from("abcde"), st.floats(0.01, 20), st.sampled_from(Rank)),
    st.tuples(st.just("run")), st.tuples(st.just("drop"), st.integers(1, 40)), st.tuples(st.just("fail")),
), max_size=80))
def test_every_job_runs_once_or_is_dropped(acts: list[tuple[object, ...]]) -> None:
    clock, added, gone = Clock(Lane()), set[int](), list[int]()
    for act in acts:
        if act[0] == "add":
            added.add(clock.add(str(act[1]), float(act[2]), rank=act[3]))  # type: ignore[arg-type]
        elif act[0] == "drop":
            if clock.lane.drop(int(act[1])):  # type: ignore[call-overload]
                gone.append(int(act[1]))  # type: ignore[call-overload]
        elif act[0] == "fail":
            ticket = clock.lane.begin(clock.now)
            if ticket is not None:
                clock.lane.end(ticket.job_id)
                gone.append(ticket.job_id)
        elif (ticket := clock.step()) is not None:
            gone.append(ticket.job_id)
        outlook = clock.lane.outlook(clock.now)
        assert set(outlook) == added - set(gone)
        assert sorted(place for place, _ in outlook.values()) == list(range(len(outlook)))
    gone += [ticket.job_id for ticket in clock.run()]
    assert sorted(gone) == sorted(added)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0.05, 3)), min_size=60, max_size=120))
def test_nobody_who_always_has_work_falls_behind(jobs: list[tuple[str, float]]) -> None:
    """While everybody waits, the seconds given to any two differ by at most one largest job each."""
    clock = Clock(Lane())
    for owner, units in jobs:
        clock.add(owner, units)
    given_s: Counter[str] = Counter()
    left = Counter(owner for owner, _ in jobs)
    while min(left.values()) > 0:
        ticket = clock.step()
        assert ticket is not None
        left[ticket.owner_id] -= 1
        given_s[ticket.owner_id] += ticket.units
        assert max(given_s[o] for o in left) - min(given_s[o] for o in left) <= 2 * 3.0 + 1.0


def test_as_many_at_once_as_there_are_hands() -> None:
    lane = Lane(width=2)
    for number in range(5):
        lane.add(Ticket(number, OwnerId("abcde"[number]), "paint", 2.0, Rank.FIRST, 0.0))
    assert [lane.begin(0.0), lane.begin(0.0), lane.begin(0.0)] == [*lane.running, None]
    assert lane.outlook(0.0) == {2: (0, 4.0), 3: (1, 4.0), 4: (2, 8.0)}, "four seconds each, by the first guess"
    lane.end(1, 4.0)
    third = lane.begin(4.0)
    assert third is not None and third.job_id == 2 and {ticket.job_id for ticket in lane.running} == {0, 2}
    lane.width = 1                         # a machine leaves: what runs goes on, and nothing is begun in its place
    lane.end(0, 4.0)
    assert lane.begin(4.0) is None and lane.outlook(4.0) == {3: (0, 4.0), 4: (1, 8.0)}
    lane.width = 0
    lane.end(2, 4.0)
    assert lane.begin(8.0) is None and len(lane) == 2, "nobody is there: they wait"
    assert lane.outlook(8.0) == {3: (0, 0.0), 4: (1, 4.0)}


def test_a_newcomer_waits_for_the_first_free_hand_only() -> None:
    lane = Lane(width=3)
    for number in range(30):
        lane.add(Ticket(number, OwnerId("greedy"), "paint", 1.0, Rank.FIRST, 0.0))
    running = [lane.begin(0.0) for _ in range(3)]
    lane.add(Ticket(99, OwnerId("late"), "paint", 1.0, Rank.FIRST, 1.0))
    assert running[1] is not None
    lane.end(running[1].job_id, 2.0)
    newcomer = lane.begin(2.0)
    assert newcomer is not None and newcomer.job_id == 99
