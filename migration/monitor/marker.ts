import { randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../common/errors.js';
import { temporaryFolder } from '../../common/temporary.js';
import type { IdKind, PointId } from '../../engines/contract/ids.js';
import type { Description, Point } from '../../engines/contract/points.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import type { Random } from '../../harness/measures/random.js';
import { parseAddress } from '../connections/address.js';
import type { OpenSource } from '../connections/open-source.js';
import { reach, type Surroundings } from '../connections/reach.js';
import type { MonitorSettings } from '../plan/monitor-schema.js';
import type { Known, Subject } from './subject.js';

/** What became of a marker. Seconds from its write until a search found it, and from its deletion until none did. */
export type MarkerResult =
  | { state: 'measured'; visible: number; gone: number }
  /** It was acknowledged, and no search found it in time. */
  | { state: 'lost'; after: number }
  | { state: 'failed'; why: string };

/** A marker that was written: noted before it is, so that a crash leaves none behind. */
export interface Leftover {
  id: string;
  kind: IdKind;
}

export const MARKER = 'vecproof-marker';

/** Whether markers may be written, and why (not). */
export function markersAllowed(
  markers: MonitorSettings['markers'],
  { mark, spec, ids }: Description,
): { state: 'on' | 'off'; why: string } {
  if (markers === 'off') return { state: 'off', why: 'the plan says so' };
  if (ids === null) return { state: 'off', why: 'the target does not tell what its ids are' };
  if (spec.vectors.some(({ kind, type }) => kind !== 'dense' || type !== 'f32'))
    return { state: 'off', why: 'the target has vectors that are not dense float32' };
  if (mark != null) return { state: 'on', why: 'the target is a collection that was made by vecproof' };
  if (markers === 'allowed') return { state: 'on', why: 'the plan allows them' };
  return {
    state: 'off',
    why: 'the target bears no mark of vecproof, and the plan does not allow markers (monitor.markers: allowed)',
  };
}

const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 500;

/**
 * Writes a point of a random direction into the target, searches for it until it is found, deletes it, and searches until it
 * no longer is. The target is only written to here.
 *
 * @param note is told before the marker is written, and with undefined once it was deleted
 */
export async function measureMarker(
  { parsed, target }: Subject,
  known: Known,
  surroundings: Surroundings,
  {
    random,
    deadlineMs,
    note,
  }: { random: Random; deadlineMs: number; note(left: Leftover | undefined): void },
): Promise<MarkerResult> {
  const description = target.description!;
  const kind = description.ids!;
  const point = markerPoint(description, kind, random);
  const vector = floats(random, known.dimensions);
  const written: Point = { ...point, vectors: { ...point.vectors, [known.vector]: vector } };
  try {
    return await writing(parsed.target, surroundings, async (collection) => {
      if ((await collection.points.get([written.id])).length > 0)
        return { state: 'failed', why: 'an id that was drawn at random is there already' };
      note({ id: String(written.id), kind });
      let found: number | undefined;
      try {
        await collection.points.upsert([written], surroundings.signal);
        found = await look(target, written.id, vector, true, deadlineMs, surroundings.signal);
      } finally {
        // Also of a watch that is ended meanwhile: nobody may look at it again.
        await collection.points.delete([written.id]);
        note(undefined);
      }
      const gone = await look(target, written.id, vector, false, deadlineMs, surroundings.signal);
      if (found === undefined) return { state: 'lost', after: deadlineMs / 1000 };
      return gone === undefined
        ? { state: 'failed', why: 'it is still found after it was deleted' }
        : { state: 'measured', visible: found, gone };
    });
  } catch (error) {
    surroundings.signal.throwIfAborted();
    return { state: 'failed', why: messageOf(error).split('\n', 1)[0]! };
  }
}

/** Deletes markers that an earlier process has left. Returns those that are still there. */
export async function removeLeftovers(
  place: string,
  left: readonly Leftover[],
  surroundings: Surroundings,
): Promise<Leftover[]> {
  if (left.length === 0) return [];
  try {
    await writing(place, surroundings, (collection) =>
      collection.points.delete(left.map(({ id, kind }) => idOf(id, kind))),
    );
    return [];
  } catch {
    // The target does not answer: they are deleted as soon as it does.
    return [...left];
  }
}

function idOf(text: string, kind: IdKind): PointId {
  return kind === 'u32' || kind === 'u64' ? BigInt(text) : text;
}

/** Seconds until searches answer with (or without) the marker; undefined: not before the deadline. */
async function look(
  target: Subject['target'],
  id: PointId,
  vector: Float32Array,
  wanted: boolean,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const begun = performance.now();
  for (let wait = FIRST_LOOK_MS; ; wait = Math.min(2 * wait, LONGEST_LOOK_MS)) {
    if (target.isFolder) await target.close();
    const answer = await target.ask({ vector, k: 3 }, null);
    const seconds = (performance.now() - begun) / 1000;
    if (answer.state === 'answered' && answer.ids.includes(id) === wanted) return seconds;
    if (seconds * 1000 > deadlineMs) return undefined;
    await pause(wait, undefined, { signal });
  }
}

function markerPoint({ spec }: Description, kind: IdKind, random: Random): Point {
  const vectors = Object.fromEntries(
    spec.vectors.map(({ name, dimensions }) => [name, floats(random, dimensions)]),
  );
  return {
    id: markerId(kind),
    vectors,
    metadata: {},
    ...(spec.text === true && { text: MARKER }),
    ...(spec.tenant === true && { tenant: MARKER }),
  };
}

function markerId(kind: IdKind): PointId {
  if (kind === 'uuid') return randomUUID();
  if (kind === 'string') return `${MARKER}-${randomBytes(8).toString('hex')}`;
  // The upper half of what all engines hold; that it is free is asked.
  if (kind === 'u32') return BigInt(randomBytes(4).readUInt32BE(0) | 0x8000_0000) & 0xffff_ffffn;
  return (randomBytes(8).readBigUInt64BE(0) & 0x3fff_ffff_ffff_ffffn) | 0x4000_0000_0000_0000n;
}

/** A direction that is uniform on the sphere: far from everything that a model makes. */
function floats(random: Random, dimensions: number): Float32Array {
  const uniform = () => (random.uint32() + 0.5) / 2 ** 32;
  const values = Float32Array.from(
    { length: dimensions },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  const length = Math.hypot(...values);
  return values.map((each) => each / length);
}

async function writing<T>(
  place: string,
  surroundings: Surroundings,
  use: (collection: OpenSource['collection']) => Promise<T>,
): Promise<T> {
  const address = parseAddress(place, engineNames());
  const definition = await loadEngine(address.engine);
  const folder = await temporaryFolder('marker');
  try {
    const { connect, server } = await reach(definition, address, surroundings);
    try {
      const connected = await definition.connect(
        { ...connect, folder, threads: 1, seed: 0 },
        surroundings.signal,
      );
      try {
        return await use(
          (await connected.open!(address.collection!, address.as)) as OpenSource['collection'],
        );
      } finally {
        await connected.close();
      }
    } finally {
      await server?.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
