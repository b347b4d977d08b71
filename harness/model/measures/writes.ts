import { WRITE_KINDS, type WriteKind } from '../writes.js';
import type { MeasureDefinition } from './measure.js';

const NONE = 'the workload writes no points of that kind, or none was acknowledged';
const UNFOLLOWED = 'no write of that kind was followed';

const WORDS: Readonly<Record<WriteKind, { one: string; many: string; shows: string }>> = {
  insert: { one: 'insert', many: 'inserts', shows: 'the new point is found by a query for its own vector' },
  update: {
    one: 'update',
    many: 'updates',
    shows:
      'a query for the new vector returns the point with a score nearer to that of the new vector than to that of the old one',
  },
  metadata: {
    one: 'update of metadata',
    many: 'updates of metadata',
    shows:
      'under a filter of the suite that the old metadata pass and the new ones fail, a query for the point’s own vector no longer returns it (it did just before; of points that were not found then nothing is told), or, where it is the reverse, returns it',
  },
  delete: {
    one: 'delete',
    many: 'deletes',
    shows:
      'a query for the point’s own vector no longer returns it (it did just before the delete; of points that were not found then nothing is told)',
  },
};

const LATENCY = (many: string) =>
  `Quantile (type 7) of the time from when ${many} were due to when they were acknowledged, over those that were; one point each.`;

const FRESH = (kind: WriteKind) =>
  `Time from the acknowledgement of ${WORDS[kind].many} to the answer of the first query in which they showed, of those that were followed: ${WORDS[kind].shows}. The looks follow each other in 1, 2, 4, … at most 100 ms, so that it holds one query’s latency at least. Those that did not show within the time-out count as longer than all others`;

function ofKind(kind: WriteKind): MeasureDefinition[] {
  const { many } = WORDS[kind];
  const Many = `${many[0]!.toUpperCase()}${many.slice(1)}`;
  const time = { unit: 'ms', kind: 'time', better: 'lower' } as const;
  return [
    {
      name: `writes.${kind}.rate`,
      title: `${Many} acknowledged`,
      head: [Many, 'rate'],
      unit: 'points/s',
      kind: 'time',
      better: 'higher',
      definition: `${Many} that were acknowledged, per second of the measured time.`,
      absent: NONE,
    },
    ...(['p50', 'p99'] as const).map(
      (p): MeasureDefinition => ({
        name: `writes.${kind}.${p}`,
        title: `${Many} ${p}`,
        head: [Many, p],
        ...time,
        definition: LATENCY(many),
        absent: p === 'p50' ? NONE : `fewer than 100 ${many} were acknowledged`,
      }),
    ),
    ...(['p50', 'p99'] as const).map(
      (p): MeasureDefinition => ({
        name: `freshness.${kind}.${p}`,
        title: `Freshness of ${many} ${p}`,
        head: [`Fresh ${many}`, p],
        ...time,
        definition: `${FRESH(kind)}: a quantile that falls among them has no value.`,
        absent: `${UNFOLLOWED} (p99: fewer than 100), or too many did not show within the time-out`,
      }),
    ),
    {
      name: `freshness.${kind}.first`,
      title: `${Many} seen at once`,
      head: [Many, 'at once'],
      unit: 'share',
      kind: 'time',
      better: 'higher',
      definition: `Share of the followed ${many} that showed in the first query after their acknowledgement.`,
      absent: UNFOLLOWED,
    },
    {
      name: `freshness.${kind}.unresolved`,
      title: `${Many} never seen`,
      head: [Many, 'unseen'],
      unit: 'count',
      kind: 'count',
      better: 'lower',
      definition: `Followed ${many} that did not show within the time-out of the workload.`,
      absent: UNFOLLOWED,
    },
  ];
}

/** Searches while points are written. */
export const WRITES: readonly MeasureDefinition[] = [
  {
    name: 'recall.worst@k',
    title: 'Lowest recall@k of a checkpoint',
    head: ['Recall@k', 'lowest'],
    unit: 'share',
    kind: 'count',
    better: 'higher',
    definition:
      'Tie-aware recall (recall.ties@k) of the part of the time (checkpoints of the workload search-under-writes) in which it was lowest.',
    absent: 'the workload writes no points',
  },
  {
    name: 'recall.unjudged',
    title: 'Answers not judged',
    head: ['Not', 'judged'],
    unit: 'share',
    kind: 'count',
    better: 'lower',
    definition:
      'Share of the answers that are in no recall: a write was on its way with them, or failed, whose point would be among their exact neighbours in one state and not in the other, so that either answer is right.',
    absent: 'the workload writes no points',
  },
  {
    name: 'writes.stale',
    title: 'Deleted points returned',
    head: ['Deleted', 'returned'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition:
      'Hits whose point had been deleted, and the delete acknowledged, before their query was sent. They are no hits for recall.',
    absent: 'the workload writes no points',
  },
  {
    name: 'writes.outdated',
    title: 'Points returned by old metadata',
    head: ['Old', 'metadata'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition:
      'Hits that fail their query’s filter and passed it by metadata that had been replaced, and this acknowledged, before the query was sent. They are no hits for recall, and count as filter.violations, too.',
    absent: 'the workload writes no points, or no query has a filter',
  },
  ...WRITE_KINDS.flatMap(ofKind),
  {
    name: 'writes.errors',
    title: 'Failed writes',
    head: ['Failed', 'writes'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition: 'Writes that were sent and not acknowledged: an error, a broken connection, or the time-out.',
    absent: 'the workload writes no points',
  },
  {
    name: 'writes.unsent',
    title: 'Writes not sent',
    head: ['Writes', 'not sent'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition: 'Writes that found no free place (writesInFlight) within the time-out after they were due.',
    absent: 'the workload writes no points',
  },
  {
    name: 'writes.lost',
    title: 'Lost writes',
    head: ['Lost', 'writes'],
    unit: 'count',
    kind: 'count',
    better: 'lower',
    definition:
      'Acknowledged inserts whose point was not there by its id at the end of the pass, and acknowledged deletes whose point was.',
    absent: 'the workload writes no points, or the engine could not be asked at the end',
  },
];
