import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { makeFolder } from '../../common/files.js';
import type { ConnectedEngine } from '../contract/engine.js';
import type { CollectionSpec } from '../contract/spec.js';
import { checkSpec } from '../kit/check.js';
import { packageVersion } from '../kit/packages.js';
import { HOLDER } from './capabilities.js';
import { openDatabase } from './client.js';
import { SqliteCollection } from './collection.js';
import type { SqliteSnapshot } from './snapshot.js';
import { Tables } from './tables.js';

export const SUFFIX = '.sqlite';

/** One database file for each collection, in the folder itself. */
export function connect(folder: string, readOnly = false): ConnectedEngine {
  const opened = new Set<SqliteCollection>();
  const snapshots = new Set<SqliteSnapshot>();
  const fileOf = (name: string) => join(folder, `${encodeURIComponent(name)}${SUFFIX}`);
  const kept = (collection: SqliteCollection) => {
    opened.add(collection);
    return collection;
  };
  const list = async () =>
    (existsSync(folder) ? readdirSync(folder) : [])
      .filter((file) => file.endsWith(SUFFIX))
      .flatMap((file) => nameOf(file.slice(0, -SUFFIX.length)) ?? []);
  return {
    version: async () => packageVersion('sqlite-vec') ?? 'unknown',
    create: async (spec) => {
      checkSpec(HOLDER, spec);
      makeFolder(folder);
      const file = fileOf(spec.name);
      claim(spec.name, file);
      return kept(createCollection(file, spec, snapshots));
    },
    open: async (name) => {
      const there = await list();
      if (!there.includes(name)) {
        const next =
          there.length > 0
            ? `open one of ${there.join(', ')}`
            : 'the folder has none; a database of your own is named by its file, sqlite-vec:./file.db#table';
        throw new FailureError(`there is no collection "${name}"`, { where: 'sqlite-vec', next });
      }
      return kept(openCollection(name, fileOf(name), snapshots, readOnly));
    },
    list,
    close: async () => {
      for (const each of [...snapshots]) await each.close();
      for (const each of opened) each.close();
    },
  };
}

/** Undefined for a file that this project would not have named so. */
function nameOf(encoded: string): string | undefined {
  try {
    const name = decodeURIComponent(encoded);
    return encodeURIComponent(name) === encoded ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the empty file, unless there is one: two that create at the same time cannot both have it. */
function claim(name: string, file: string): void {
  try {
    closeSync(openSync(file, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new FailureError(`there is a collection "${name}" already`, { where: 'sqlite-vec', cause: error });
  }
}

function createCollection(
  file: string,
  { name, vectors, ids, fields, text, uri, tenant, index, madeBy }: CollectionSpec,
  snapshots: Set<SqliteSnapshot>,
): SqliteCollection {
  const tables = new Tables(openDatabase(file), {
    vectors,
    ids,
    fields,
    text,
    uri,
    tenant,
    index,
    madeBy,
  });
  const collection = new SqliteCollection(name, file, tables, snapshots, true);
  try {
    tables.create();
  } catch (error) {
    void collection.drop();
    throw error;
  }
  return collection;
}

function openCollection(
  name: string,
  file: string,
  snapshots: Set<SqliteSnapshot>,
  readonly: boolean,
): SqliteCollection {
  const database = openDatabase(file, { readonly });
  try {
    return new SqliteCollection(name, file, new Tables(database), snapshots, false);
  } catch (error) {
    database.close();
    throw new FailureError(`the database of "${name}" holds no collection of this project`, {
      where: 'sqlite-vec',
      got: error,
      cause: error,
    });
  }
}
