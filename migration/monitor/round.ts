import { messageOf } from '../../common/errors.js';
import { quantile } from '../../harness/measures/quantile.js';
import type { Surroundings } from '../connections/reach.js';
import { compareQuery } from './compare.js';
import { type MarkerResult, markersAllowed, measureMarker, removeLeftovers } from './marker.js';
import { lookForMissing } from './missing.js';
import type { Compared, Latency, PlaceHealth, RoundFigures, SideName } from './model.js';
import { progressOf } from './progress.js';
import { drawQueries, randomOf } from './queries.js';
import { lookAgain } from './second-look.js';
import type { WatchedSide } from './side.js';
import { keepLast, MOST } from './state.js';
import { type Known, learn, type Subject } from './subject.js';
import type { Watch } from './watch.js';

export interface RoundContext {
  subject: Subject;
  folder: string;
  surroundings: Surroundings;
  watch: Watch;
  /** Learnt in an earlier round of this process. */
  known: Known | undefined;
  now: () => number;
  /** Before something that a crash must not make forgotten: the state is to be written. */
  save(): void;
}

export interface RoundResult {
  known: Known | undefined;
  places: { source: PlaceHealth; target: PlaceHealth };
  markers: { state: 'on' | 'off'; why: string };
}

/** State of a load that is over. */
const LOADED = 'loaded';
/** Of the source's queries every fourth is asked twice, for its own noise. */
const TWICE = 4;

/** One round: queries, a marker, a second look at what was suspicious, the health of both places. */
export async function runRound(context: RoundContext): Promise<RoundResult> {
  const { subject, watch, now, surroundings } = context;
  const { state } = watch;
  const { monitor, parity } = subject.parsed.plan;
  const round = state.round++;
  const begun = now();
  const time = new Date(begun).toISOString();
  const places = { source: await reached(subject.source), target: await reached(subject.target) };
  const off = { state: 'off', why: 'the target does not answer' } as const;
  if (places.target.state === 'down') watch.takeDown(places.target.why!, monitor.queries);
  else if (places.source.state === 'down') state.totals.notAsked += monitor.queries;
  if (places.source.state === 'down' || places.target.state === 'down') {
    note(context, {
      time,
      seconds: seconds(),
      asked: 0,
      compared: 0,
      apart: 0,
      failed: 0,
      latency: {},
      points: points(),
    });
    return { known: context.known, places, markers: off };
  }
  const known = context.known ?? (await learn(subject, context.folder));
  state.markers = await removeLeftovers(subject.parsed.target, state.markers, surroundings);
  const compared = await askAll(context, known, round);
  // What a load has not come to yet is not lost.
  const isLoading = (progressOf(context.folder, subject)?.state ?? LOADED) !== LOADED;
  watch.takeRound(compared, randomOf(parity.seed, round, 2), time, isLoading ? 'all' : known.leftOut);
  await lookAgain(subject, known, state, now(), monitor.lag * 1000);
  if (!isLoading) await lookForMissing(subject, known, state, now(), monitor.lag * 1000);
  const allowed =
    places.target.state === 'answers' && subject.target.description !== undefined
      ? markersAllowed(monitor.markers, subject.target.description)
      : off;
  const marker = allowed.state === 'on' ? await placeMarker(context, known, round) : undefined;
  for (const side of ['source', 'target'] as const) places[side] = await health(subject[side], places[side]);
  note(context, {
    time,
    seconds: seconds(),
    ...figuresOf(compared),
    ...(marker?.state === 'measured' && { visible: marker.visible, gone: marker.gone }),
    points: points(),
  });
  return {
    known,
    places,
    markers:
      marker?.state === 'failed' ? { state: 'on', why: `the last one failed: ${marker.why}` } : allowed,
  };

  function seconds(): number {
    return (now() - begun) / 1000;
  }
  function points(): RoundFigures['points'] {
    return { source: places.source.points, target: places.target.points };
  }
}

function note({ watch: { state } }: RoundContext, figures: RoundFigures): void {
  state.totals.rounds++;
  state.rounds.push(figures);
  keepLast(state.rounds, MOST.rounds);
}

async function askAll(
  { subject, watch, surroundings }: RoundContext,
  known: Known,
  round: number,
): Promise<Compared[]> {
  const { monitor, parity } = subject.parsed.plan;
  const random = randomOf(parity.seed, round, 3);
  const found: Compared[] = [];
  for (const query of drawQueries(known.queries, monitor.queries, parity.seed, round)) {
    surroundings.signal.throwIfAborted();
    const order = { targetFirst: random.below(2) === 0, twice: random.below(TWICE) === 0 };
    const each = await compareQuery(subject, known, query, order);
    found.push(each);
    // A failed call has closed the side; if it cannot be opened again, nobody waits for all the other queries.
    const down = each.state === 'failed' && (await reached(subject[each.failed!.side])).state === 'down';
    if (down) break;
  }
  if (known.queries.length > 0) watch.state.totals.notAsked += monitor.queries - found.length;
  return found;
}

async function placeMarker(context: RoundContext, known: Known, round: number): Promise<MarkerResult> {
  const { subject, watch, surroundings, save } = context;
  const { monitor, parity } = subject.parsed.plan;
  const visible = monitor.gates.visible === false ? monitor.lag : monitor.gates.visible;
  // Of an earlier process, and not to be reached just now.
  const left = watch.state.markers;
  const result = await measureMarker(subject, known, surroundings, {
    random: randomOf(parity.seed, round, 4),
    deadlineMs: 1000 * Math.max(monitor.lag, visible),
    note: (own) => {
      watch.state.markers = own === undefined ? left : [...left, own];
      save();
    },
  });
  watch.takeMarker(result);
  return result;
}

/** Opens a side; a folder anew. */
async function reached(side: WatchedSide): Promise<PlaceHealth> {
  const { place } = side;
  try {
    if (side.isFolder) await side.close();
    const { engineVersion } = await side.open();
    const { count } = await side.describe();
    return { place, state: 'answers', version: engineVersion, points: count };
  } catch (error) {
    side.throwIfAborted();
    await side.close();
    return { place, state: 'down', why: messageOf(error).split('\n', 1)[0]! };
  }
}

/** What the engine tells of itself, once it was asked. */
async function health(side: WatchedSide, before: PlaceHealth): Promise<PlaceHealth> {
  try {
    const { count, indexes } = await side.describe();
    const { collection } = await side.open();
    const indexed = Object.values(indexes ?? {}).flatMap(({ points }) => points ?? []);
    return {
      ...before,
      points: count,
      ...(indexed.length > 0 && { indexed: Math.min(...indexed) }),
      diskBytes: await collection.indexBytes(),
      ...(await collection.vitals?.()),
    };
  } catch (error) {
    side.throwIfAborted();
    await side.close();
    return { place: before.place, state: 'down', why: messageOf(error).split('\n', 1)[0]! };
  }
}

function figuresOf(round: readonly Compared[]): Omit<RoundFigures, 'time' | 'seconds' | 'points'> {
  const answered = round.filter(({ state }) => state !== 'failed');
  return {
    asked: round.length,
    compared: round.filter(({ state }) => state === 'compared').length,
    apart: round.filter(({ state }) => state === 'apart').length,
    failed: round.length - answered.length,
    overlap: mean(round.flatMap(({ overlap }) => overlap ?? [])),
    noise: mean(round.flatMap(({ noise }) => noise ?? [])),
    emptyTarget: mean(answered.map(({ empty }) => (empty.target ? 1 : 0))),
    latency: { source: latencyOf(round, 'source'), target: latencyOf(round, 'target') },
  };
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, each) => sum + each, 0) / values.length;
}

function latencyOf(round: readonly Compared[], side: SideName): Latency | undefined {
  const times = round.flatMap(({ ms }) => ms[side] ?? []).sort((a, b) => a - b);
  const total = times.reduce((sum, each) => sum + each, 0);
  if (times.length === 0 || total === 0) return undefined;
  return { p50: quantile(times, 0.5)!, p95: quantile(times, 0.95)!, rate: (1000 * times.length) / total };
}
