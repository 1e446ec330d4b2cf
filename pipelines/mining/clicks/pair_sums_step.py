"""Steps: sums over all histories, for each note and for each pair of notes."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame

from pipelines.engines.block_shuffle import in_blocks
from pipelines.engines.column_blocks import Part, blocks, joined
from pipelines.mining.clicks.history_arrow import flat
from pipelines.mining.clicks.note_users import Audiences, Members, audiences, audiences_added, limits, lowest_users, weights
from pipelines.mining.clicks.transitions import Transitions, strongest, transitions, transitions_added

MEMBERS = ("member_of", "member")
"""Columns of blocks, beside those of Audiences."""
AUDIENCES = "note long, users long, weight double, last_user long"
TRANSITIONS = "a long, b long, users long, cooccurrence double, pair_count long"


def audiences_of_notes(histories: DataFrame, users_per_note: int, tasks: int) -> DataFrame:
    """AUDIENCES: note, users, weight (the sum of 1/N_u over them), last_user (the highest of its `users_per_note` lowest).

    Args:
        histories: HISTORIES.
        users_per_note: users of a note that are compared; a note with no more has EVERYONE as last user.
        tasks: number of tasks.

    Cost: one shuffle of 32 bytes for each note of a bucket of users and 16 a visit, of a hot note users_per_note from each
    bucket at most.
    """

    def cut(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        users = flat(batches)
        note, user = users.note, users.owner()
        sums, at = audiences(users), lowest_users(note, user, users_per_note)
        members = dict(zip(MEMBERS, (note[at], user[at]), strict=True))
        yield blocks([Part(sums.note, sums._asdict()), Part(note[at], members)], tasks)

    def add(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        columns = joined(batches, (*Audiences._fields, *MEMBERS))
        sums = audiences_added(Audiences(*columns[:4]))
        last = limits(sums, Members(*columns[4:]), users_per_note)
        yield pa.RecordBatch.from_pydict({"note": sums.note, "users": sums.users, "weight": weights(sums), "last_user": last})

    return in_blocks(histories, cut, (*Audiences._fields, *MEMBERS), tasks).mapInArrow(add, AUDIENCES)


def strongest_transitions(histories: DataFrame, min_users: int, top: int, tasks: int) -> DataFrame:
    """TRANSITIONS: a, b, users, cooccurrence of the `top` strongest pairs of each a, and some more of it.

    `pair_count`, added up over the rows of an a, is how many pairs it had. The rows of an a are in several partitions; each
    gives its `top` strongest and all that equal the last of them.

    Args:
        histories: HISTORIES.
        min_users: fewest users of a pair.
        top: pairs of an a.
        tasks: number of tasks.

    Cost: at most (N_u - 1) N_u / 2 pairs a user, 16 bytes each in memory; one shuffle of 40 bytes for each distinct pair of
    a partition, by both notes: a hot note loads no single task.
    """

    def cut(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for piece in transitions(flat(batches)):
            yield blocks([Part(piece.a * 31 + piece.b, piece._asdict())], tasks)

    def rank(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        pairs = transitions_added(Transitions(*joined(batches, Transitions._fields)))
        yield pa.RecordBatch.from_pydict(strongest(pairs, min_users, top)._asdict())

    return in_blocks(histories, cut, Transitions._fields, tasks).mapInArrow(rank, TRANSITIONS)
