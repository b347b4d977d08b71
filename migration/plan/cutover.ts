import { FailureError } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point, Points } from '../../engines/contract/points.js';
import { engineNames } from '../../engines/registry.js';
import type { Change, Position, RowChange, RowKey } from '../changes/change.js';
import { CollectionTarget } from '../changes/collection-target.js';
import type { ChangeSource } from '../changes/log.js';
import { PostgresVersions } from '../changes/postgres/versions.js';
import { parseAddress } from '../connections/address.js';
import { openSource } from '../connections/open-source.js';
import { EmbeddingVersions } from '../cutover/embedding.js';
import { Replayer } from '../cutover/replayer.js';
import { batchTarget, type LoadPlan, planLoad } from '../load/plan.js';
import { openTarget } from '../load/target.js';
import type { BatchTarget } from '../load/write-batch.js';
import { type OpenLog, openLog } from './open-log.js';
import type { Plan } from './schema.js';
import type { Work } from './stage.js';
import { exportFolder } from './stages/export.js';
import { MAPPING } from './stages/map.js';

/** Name of the target's cursor in the log. */
export const CONSUMER = 'target';
/** Changes that are applied to it at a time. */
export const BATCH = 500;

export type CutoverPlan = NonNullable<Plan['cutover']>;

export function cutoverOf({ parsed }: Pick<Work, 'parsed'>): CutoverPlan & { collection: string } {
  const { cutover } = parsed.plan;
  if (cutover === undefined) throw new FailureError('the plan has no cutover', { where: parsed.file });
  const { collection = '' } = parseAddress(parsed.source, engineNames());
  return { ...cutover, collection: cutover.collection ?? collection };
}

/** Everything that a stage of the cutover works with. */
export interface OpenCutover extends OpenLog {
  source: Points;
  target: Points;
  changes: CollectionTarget;
  /** Of the rows of the target. */
  versions: PostgresVersions;
  replayer: Replayer;
  load: LoadPlan;
  batch: BatchTarget;
  /** Of the target: see `Collection.tidy`. */
  tidy?: ((keepMs: number) => Promise<void>) | undefined;
  /** Points of the target. */
  count(): Promise<number>;
  idOf(key: Pick<RowKey, 'id'>): PointId;
}

export async function withCutover<T>(work: Work, use: (open: OpenCutover) => Promise<T>): Promise<T> {
  const { parsed, surroundings, path } = work;
  const { embeddings, collection, schema } = cutoverOf(work);
  const closing: (() => Promise<void>)[] = [];
  try {
    const log = await openLog(work);
    closing.push(log.close);
    const load = await planLoad(exportFolder(work), path(MAPPING));
    const source = await openSource(parsed.source, surroundings);
    closing.push(source.close);
    const target = await openTarget(load.definition, load.address, surroundings);
    closing.push(target.close);
    const opened = await target.connected.open!(load.address.collection!);
    const points = opened.points!;
    const idOf = ({ id }: Pick<RowKey, 'id'>) => load.apply({ id, vectors: {}, metadata: {} }).id;
    const options = schema === undefined ? {} : { schema };
    const versions = await PostgresVersions.open(await log.database(), parsed.target, options);
    const changes = new CollectionTarget({
      place: parsed.target,
      points,
      versions,
      idOf,
      pointOf: load.apply,
    });
    const replayer = new Replayer({
      source: log.log,
      cursors: log.log,
      consumer: CONSUMER,
      target: changes,
      collection,
      batch: BATCH,
      ...(embeddings.length > 0 && {
        embeddings: new EmbeddingVersions({ source: embeddings, target: embeddings }),
      }),
      reembedding: parsed.plan.embedding === undefined ? 'refuse' : 'allow',
    });
    return await use({
      ...log,
      source: source.collection.points,
      target: points,
      changes,
      versions,
      replayer,
      load,
      tidy: opened.tidy?.bind(opened),
      count: () => opened.count(),
      batch: batchTarget(load, { ...opened, points } as Parameters<typeof batchTarget>[1]),
      idOf,
    });
  } finally {
    while (closing.length > 0) await closing.pop()!();
  }
}

const PAGE = 500;

/** Changes of the collection behind a position, oldest first. */
export async function* changesOf(
  log: Pick<ChangeSource, 'read'>,
  collection: string,
  after: Position | null = null,
): AsyncGenerator<Change[]> {
  for (let at = after; ; ) {
    const page = await log.read(at, PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    at = last.position;
    yield page.filter((change) => change.collection === collection);
  }
}

export function isRowChange(change: Change): change is RowChange {
  return change.kind !== 'marker';
}

export type { Point };
