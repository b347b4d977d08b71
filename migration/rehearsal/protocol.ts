import type { PointId } from '../../engines/contract/ids.js';
import type { Point } from '../../engines/contract/points.js';
import type { Endpoint } from '../../engines/contract/server.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import type { MappingFiles } from './mapped.js';

/** What the rehearsal and its worker, which is killed at will, say to each other (structured clones over IPC). */

export const SIDES = ['source', 'target'] as const;
export type Side = (typeof SIDES)[number];

/** Where one side of a rehearsal keeps its scratch collection. */
export interface ScratchPlace {
  engine: string;
  /** Folder, or URL of a server; for people where there is an endpoint. */
  address: string;
  collection: string;
  /** Of a server that was started for the rehearsal. Never written down. */
  endpoint?: Endpoint | undefined;
}

export interface WorkerConfig {
  /** Of the rehearsal's run: the worker's own state is in it. */
  folder: string;
  places: Readonly<Record<Side, ScratchPlace>>;
  spec: Omit<CollectionSpec, 'name' | 'index'>;
  index: Readonly<Record<Side, Readonly<Record<string, string | number | boolean>>>>;
  vector: string;
  /** How rows become those of the target; absent: they stay as they are. */
  mapping?: MappingFiles | undefined;
  k: number;
  /** Of the mark that scratch collections carry. */
  madeBy: string;
  embeddingVersion: string;
}

/** What is wrong with the worker's world. Each is armed and healed by the rehearsal. */
export type Injury =
  | { kind: 'down' | 'erroring' | 'full'; side: Side }
  | { kind: 'slow'; side: Side; milliseconds: number }
  /** Deletes are acknowledged and not done. */
  | { kind: 'lose-deletes'; side: Side }
  /** What is read from the log comes twice, or with neighbours exchanged. */
  | { kind: 'duplicate' | 'reorder' }
  /** The writer's clock is wrong by so many milliseconds. */
  | { kind: 'clock'; milliseconds: number }
  /** The worker stops at a place and says so: then it is killed. */
  | { kind: 'stop-at'; place: StopPlace }
  /** New writes have vectors of another model. */
  | { kind: 'embedding'; version: string }
  /** An instance of the application that writes to one side and knows nothing of the log. */
  | { kind: 'one-side-writes'; side: Side };

export const STOP_PLACES = [
  'write:logged',
  'write:source-written',
  'capture:marked',
  'snapshot:page',
  'backfill:written',
  'replay:applied',
  'verify:compared',
  'shadow:asked',
  'ramp:answered',
  'observe:restarted',
  'rollback:flipped',
] as const;
export type StopPlace = (typeof STOP_PLACES)[number];

/** How the worker stands; asked at any time. */
export interface WorkerStatus {
  /** Changes of the log that the target has not acknowledged, and that the source has not. */
  backlog: Readonly<Record<Side, number>>;
  /** Age of the oldest of the target's, milliseconds; null: none. */
  lag: number | null;
  applied: number;
  /** Changes that were there already, in this version or a newer one. */
  superseded: number;
  /** Rows of the backfill that were not written, as a newer state was there, or a newer deletion. */
  keptNewer: number;
  keptDeleted: number;
  /** Events that wait until both sides take their embedding version. */
  held: number;
  /** Calls of the target that failed while changes were applied, and were made again. */
  retried: number;
  /** Changes whose clock was behind that of an earlier one. */
  backwards: number;
  lastError: string | undefined;
  /** Why the replay has ended, and does not go on by itself. */
  refused: string | undefined;
  share: number;
  shadow: ShadowFigures;
  /** As it is on disk. */
  progress: {
    marker: string | null;
    watermark: string | null;
    snapshot: number | null;
    backfilled: number;
  };
}

export interface ShadowFigures {
  /** Queries that the source answered while the shadow was on. */
  answered: number;
  compared: number;
  /** Compared queries whose answers agree: as many hits in common as the source has with itself. */
  agreed: number;
  /** Not judged: a right answer was not in the target yet. */
  incomparable: number;
  /** Not compared as the queue was full or the time was over. */
  dropped: number;
  failed: number;
}

export interface TouchedResult {
  compared: number;
  /** Rows that differ, with words. */
  differing: readonly { id: PointId; words: string }[];
  /** Deleted rows that are there. */
  returned: readonly PointId[];
  /** Rows of the target that neither the snapshot nor the log explains. */
  strangers: readonly PointId[];
}

/** Answers by the name of the call. */
export interface Calls {
  open: (config: WorkerConfig) => { versions: Record<Side, string> };
  /** Goes on where the worker was killed: what the log holds reaches both sides. */
  resume: () => undefined;
  /** Makes scratch collections; the source with its first points. */
  create: (points: readonly Point[]) => undefined;
  write: (write: { number: number; id: PointId; point: Point | null }) => { state: string };
  read: (query: { vector: Float32Array }) => {
    side: Side;
    hits: { id: PointId; revision: number | undefined }[];
  };
  capture: () => { marker: string; seen: boolean };
  snapshot: () => { watermark: string; rows: number; afterMarker: boolean };
  /** One batch. */
  backfill: () => { done: number; total: number };
  /** Begins to apply the log to the target, and goes on until it is closed. */
  replay: () => undefined;
  verify: () => TouchedResult;
  /** Writes what the last `verify` has found to differ once more. */
  repair: () => { rows: number };
  shadow: (on: boolean) => ShadowFigures;
  ramp: (share: number) => undefined;
  /** Whether a write that was acknowledged is in the source, whoever answers reads. */
  wayBack: (row: { id: PointId; revision: number }) => { alive: boolean; words: string };
  /** Writes rows that only the target has once more, like all others. */
  adopt: (ids: readonly PointId[]) => undefined;
  restart: (side: Side) => undefined;
  injure: (injury: Injury) => undefined;
  heal: () => undefined;
  /** Past everything, as a stranger would. */
  tamper: (what: { side: Side; upsert?: readonly Point[]; remove?: readonly PointId[] }) => undefined;
  scan: (side: Side) => readonly Point[];
  /** Whether a side lacks anything that was logged up to a position; now, if absent. */
  behind: (watermark?: string) => { watermark: string; behind: Record<Side, boolean> };
  status: () => WorkerStatus;
  /** Which embedding version both sides take from now on. */
  embedding: (version: string) => undefined;
  /** Goes on with vectors of another model, and from now on. */
  allowReembedding: () => undefined;
  /** Removes the scratch collections. */
  drop: () => undefined;
  close: () => undefined;
}

export type CallName = keyof Calls;

export interface Request {
  call: number;
  name: CallName;
  argument: unknown;
}

export type Reply =
  | { call: number; state: 'done'; value: unknown }
  | { call: number; state: 'failed'; error: string }
  | { state: 'stopped'; place: StopPlace };
