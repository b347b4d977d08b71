import { createRequire } from 'node:module';
import { KafkaChangeLog, keyText, PostgresChangeLog } from '../../../dist/migration/cutover/index.js';

const require = createRequire(import.meta.url);

/** An application's own store as a target: one statement that compares versions, tombstones in the same table. */
export class FileTarget {
  place = 'a file of SQLite';
  condition = 'atomic';
  #database;

  constructor(database) {
    this.#database = database;
    database.exec(`CREATE TABLE IF NOT EXISTS rows
      (key TEXT PRIMARY KEY, version INTEGER NOT NULL, deleted INTEGER NOT NULL, value INTEGER)`);
  }

  async apply(changes) {
    const write = this.#database.prepare(`INSERT INTO rows VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
      SET version = excluded.version, deleted = excluded.deleted, value = excluded.value
      WHERE excluded.version > rows.version`);
    const all = this.#database.transaction((given) =>
      given.map((change) => {
        const isUpsert = change.kind === 'upsert';
        const value = isUpsert ? change.point.metadata.value : null;
        const { changes: written } = write.run(keyText(change), change.version, isUpsert ? 0 : 1, value);
        return written === 1 ? 'applied' : 'superseded';
      }),
    );
    return all(changes);
  }

  async read(keys) {
    const find = this.#database.prepare('SELECT * FROM rows WHERE key = ?').safeIntegers();
    return keys.map((key) => {
      const row = find.get(keyText(key));
      if (row === undefined) return undefined;
      const deleted = row.deleted === 1n;
      const point = { id: key.id, vectors: {}, metadata: { value: Number(row.value) } };
      return { version: row.version, deleted, point: deleted ? undefined : point };
    });
  }
}

/** @param {{ kind: string, url?: string, folder?: string, schema?: string, address?: string, topic?: string }} given */
export async function openLog(given) {
  if (given.kind === 'kafka') {
    const log = await KafkaChangeLog.open({
      topic: given.topic,
      connection: { bootstrapBrokers: [given.address] },
    });
    return { log, close: () => log.close() };
  }
  const client = await connect(given);
  const log = await PostgresChangeLog.open(client, { schema: given.schema });
  return { log, close: () => (given.kind === 'pglite' ? client.close() : client.end()) };
}

async function connect(given) {
  if (given.kind === 'pglite') {
    const { PGlite } = require('@electric-sql/pglite');
    return PGlite.create(given.folder);
  }
  const { Client } = require('pg');
  const client = new Client({ connectionString: given.url });
  await client.connect();
  return client;
}
