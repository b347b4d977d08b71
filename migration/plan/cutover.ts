import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type * as Pg from 'pg';
import { FailureError, messageOf, VecproofError } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point, Points } from '../../engines/contract/points.js';
import { requireClient } from '../../engines/kit/packages.js';
import { engineNames } from '../../engines/registry.js';
import type { Change, Position, RowChange, RowKey } from '../changes/change.js';
import { CollectionTarget } from '../changes/collection-target.js';
import type { ChangeSource } from '../changes/log.js';
import { PostgresFlags } from '../changes/postgres/flags.js';
import { PostgresChangeLog } from '../changes/postgres/log.js';
import type { SqlClient } from '../changes/postgres/sql.js';
import { PostgresVersions } from '../changes/postgres/versions.js';
import { parseAddress } from '../connections/address.js';
import { openSource } from '../connections/open-source.js';
import { EmbeddingVersions } from '../cutover/embedding.js';
import { Replayer } from '../cutover/replayer.js';
import { batchTarget, type LoadPlan, planLoad } from '../load/plan.js';
import { openTarget } from '../load/target.js';
import type { BatchTarget } from '../load/write-batch.js';
import type { Plan } from './schema.js';
import type { Work } from './stage.js';
import { exportFolder } from './stages/export.js';
import { MAPPING } from './stages/map.js';

/** Name of the target's cursor in the log. */
export const CONSUMER = 'target';
/** Changes that are applied to it at a time. */
export const BATCH = 500;

export type CutoverPlan = NonNullable<Plan['cutover']>;

/** The application's log and switches. */
export interface OpenLog {
  log: PostgresChangeLog;
  flags: PostgresFlags;
  client: SqlClient;
  close(): Promise<void>;
}

export function cutoverOf({ parsed }: Pick<Work, 'parsed'>): CutoverPlan & { collection: string } {
  const { cutover } = parsed.plan;
  if (cutover === undefined) throw new FailureError('the plan has no cutover', { where: parsed.file });
  const { collection = '' } = parseAddress(parsed.source, engineNames());
  return { ...cutover, collection: cutover.collection ?? collection };
}

/** @throws FailureError if it is not there: the application makes it, when it opens its DualWriter */
export async function openLog({
  parsed,
  surroundings,
}: Pick<Work, 'parsed' | 'surroundings'>): Promise<OpenLog> {
  const { log: place, schema } = cutoverOf({ parsed });
  const options = schema === undefined ? {} : { schema };
  const { client, close } = /^postgres(ql)?:\/\//.test(place)
    ? await connectServer(place, surroundings.env)
    : await openFolder(resolve(surroundings.cwd, place), place);
  try {
    return {
      log: await PostgresChangeLog.open(client, options),
      flags: await PostgresFlags.open(client, options),
      client,
      close,
    };
  } catch (error) {
    await close();
    if (error instanceof VecproofError) throw error;
    throw new FailureError(`the change log cannot be opened: ${messageOf(error)}`, {
      where: `cutover.log ${place}`,
      next: 'the same command goes on once its database answers',
      cause: error,
    });
  }
}

async function connectServer(url: string, env: NodeJS.ProcessEnv) {
  const { Pool } = requireClient('pg') as typeof Pg;
  const pool = new Pool({ connectionString: url, password: env['PGPASSWORD'], max: 4 });
  // One that breaks while it is idle is made again.
  pool.on('error', () => undefined);
  return { client: pool as unknown as SqlClient, close: () => pool.end() };
}

async function openFolder(path: string, shown: string) {
  // A database that is made here and killed half-way would never open again, for the application neither.
  if (!existsSync(join(path, 'PG_VERSION')))
    throw new FailureError('there is no change log', {
      where: `cutover.log ${shown}`,
      ...(existsSync(path) && { got: 'a folder without a database' }),
      next: 'the application makes it: open its DualWriter once',
    });
  return openShared(path);
}

type Embedded = SqlClient & { close(): Promise<void> };
/** A PGlite has one process, and in it one instance: whoever opens its folder shares it. */
const shared = new Map<string, { database: Promise<Embedded>; users: number }>();

async function openShared(path: string): Promise<{ client: SqlClient; close: () => Promise<void> }> {
  const { PGlite } = requireClient('@electric-sql/pglite') as {
    PGlite: { create(options: { dataDir: string }): Promise<Embedded> };
  };
  const there = shared.get(path) ?? { database: PGlite.create({ dataDir: path }), users: 0 };
  shared.set(path, there);
  there.users++;
  const close = async () => {
    if (--there.users > 0) return;
    shared.delete(path);
    await (await there.database).close();
  };
  try {
    return { client: await there.database, close };
  } catch (error) {
    shared.delete(path);
    throw error;
  }
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
    const versions = await PostgresVersions.open(log.client, parsed.target, options);
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
