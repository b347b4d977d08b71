import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type * as Pg from 'pg';
import { FailureError, InputError, messageOf, VecproofError } from '../../common/errors.js';
import { takeLock } from '../../common/lock.js';
import { keepCredentials } from '../../common/secrets.js';
import { requireClient } from '../../engines/kit/packages.js';
import {
  isKafka,
  KAFKA_PASSWORD,
  KAFKA_USERNAME,
  kafkaConnection,
  parseKafkaAddress,
} from '../changes/kafka/address.js';
import { KafkaChangeLog } from '../changes/kafka/log.js';
import type { ChangeLog } from '../changes/log.js';
import { PostgresFlags } from '../changes/postgres/flags.js';
import { PostgresChangeLog } from '../changes/postgres/log.js';
import type { SqlClient } from '../changes/postgres/sql.js';
import { removeStaleStart } from '../changes/postgres/stale-start.js';
import type { Surroundings } from '../connections/reach.js';
import type { Flags } from '../cutover/flags.js';
import type { Work } from './stage.js';

/** The application's log and switches. */
export interface OpenLog {
  log: ChangeLog & { rewind(consumer: string): Promise<void> };
  flags: Flags;
  /** The database that keeps versions of the target's rows. */
  database(): Promise<SqlClient>;
  close(): Promise<void>;
}

/** @throws FailureError if it is not there: the application makes it, when it opens its DualWriter */
export async function openLog({
  parsed,
  surroundings,
}: Pick<Work, 'parsed' | 'surroundings'>): Promise<OpenLog> {
  const { cutover } = parsed.plan;
  if (cutover === undefined) throw new FailureError('the plan has no cutover', { where: parsed.file });
  if (isKafka(cutover.log)) return openKafka(cutover, surroundings);
  const options = cutover.schema === undefined ? {} : { schema: cutover.schema };
  const { client, close } = await openSql(cutover.log, surroundings, openFolder);
  try {
    return {
      log: await PostgresChangeLog.open(client, options),
      flags: await PostgresFlags.open(client, options),
      database: async () => client,
      close,
    };
  } catch (error) {
    await close();
    if (error instanceof VecproofError) throw error;
    throw new FailureError(`the change log cannot be opened: ${messageOf(error)}`, {
      where: `cutover.log ${cutover.log}`,
      next: 'the same command goes on once its database answers',
      cause: error,
    });
  }
}

interface OpenSql {
  client: SqlClient;
  close(): Promise<void>;
}

async function openKafka(
  { log: address, versions: place }: { log: string; versions?: string | undefined },
  surroundings: Surroundings,
): Promise<OpenLog> {
  const parsed = parseKafkaAddress(address);
  if (parsed.state === 'fault') throw new InputError(parsed.what, { where: 'cutover.log', got: address });
  const { env } = surroundings;
  if (parsed.mechanism !== undefined) {
    const lacking = [KAFKA_USERNAME, KAFKA_PASSWORD].filter((name) => (env[name] ?? '') === '');
    if (lacking.length > 0)
      throw new InputError(`${lacking.join(' and ')} must be set in the environment`, {
        where: `cutover.log ${address}`,
      });
    keepCredentials({ password: env[KAFKA_PASSWORD]! });
  }
  const log = await KafkaChangeLog.open({
    topic: parsed.topic,
    connection: kafkaConnection(parsed, env),
    make: false,
  });
  let open: Promise<OpenSql> | undefined;
  return {
    log,
    flags: log.flags,
    database: async () => {
      open ??= openSql(place!, surroundings, makeFolder);
      return (await open).client;
    },
    close: async () => {
      await (await open)?.close();
      await log.close();
    },
  };
}

function openSql(
  place: string,
  { cwd, env }: Surroundings,
  folder: (path: string, shown: string) => Promise<OpenSql>,
): Promise<OpenSql> {
  return /^postgres(ql)?:\/\//.test(place) ? connectServer(place, env) : folder(resolve(cwd, place), place);
}

async function connectServer(url: string, env: NodeJS.ProcessEnv): Promise<OpenSql> {
  const { Pool } = requireClient('pg') as typeof Pg;
  const pool = new Pool({ connectionString: url, password: env['PGPASSWORD'], max: 4 });
  // One that breaks while it is idle is made again.
  pool.on('error', () => undefined);
  return { client: pool as unknown as SqlClient, close: () => pool.end() };
}

async function openFolder(path: string, shown: string): Promise<OpenSql> {
  // A database that is made here and killed half-way would never open again, for the application neither.
  if (!existsSync(join(path, 'PG_VERSION')))
    throw new FailureError('there is no change log', {
      where: `cutover.log ${shown}`,
      ...(existsSync(path) && { got: 'a folder without a database' }),
      next: 'the application makes it: open its DualWriter once',
    });
  return openShared(path);
}

/** Of this command alone: nobody else has a reason to make it. */
async function makeFolder(path: string, shown: string): Promise<OpenSql> {
  const lock = takeLock(`${path}.lock`);
  if (lock.state === 'held')
    throw new InputError(`is used by process ${lock.by}`, {
      where: `cutover.versions ${shown}`,
      next: 'a folder has one process at a time: wait for it, or keep versions in postgres://host/database',
    });
  try {
    const { client, close } = await openShared(path);
    return { client, close: () => close().finally(lock.release) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Embedded = SqlClient & { close(): Promise<void> };
/** A PGlite has one process, and in it one instance: whoever opens its folder shares it. */
const shared = new Map<string, { database: Promise<Embedded>; users: number }>();

async function openShared(path: string): Promise<OpenSql> {
  const { PGlite } = requireClient('@electric-sql/pglite') as {
    PGlite: { create(options: { dataDir: string }): Promise<Embedded> };
  };
  const start = async () => {
    await removeStaleStart(path);
    return PGlite.create({ dataDir: path });
  };
  const there = shared.get(path) ?? { database: start(), users: 0 };
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
