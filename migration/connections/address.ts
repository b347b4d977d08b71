import { credentialInUrl } from '../../common/credentials.js';
import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { ReadAs } from '../../engines/contract/points.js';
import { FILE } from '../files/definition.js';
import type { Details } from './details.js';
import { parseCollection } from './read-as.js';

/** A place with collections, as people write it: `engine:address#collection?parameters`. */
export interface Address {
  /** Name of an engine, `export` or `file`. */
  engine: string;
  /** Folder, file or URL; may be empty where the engine has a default. */
  address: string;
  /** Undefined: not named. */
  collection: string | undefined;
  /** What the parameters say of it; empty: there are none. */
  as: ReadAs;
  /** Where the parameters say that version, provenance, namespace and partition of its points stand. */
  details: Details;
}

/** A finished export stands wherever a collection may be read. */
export const EXPORT = 'export';

/** Places that are read alone: exports and files of other tools. */
export function isOnlyRead(engine: string): boolean {
  return engine === EXPORT || engine === FILE;
}

/**
 * @param engines names that are known
 * @throws InputError for what is none, with the form and the nearest known name
 */
export function parseAddress(text: string, engines: readonly string[]): Address {
  // Not as a parameter of the collection, of which one is called `key`.
  const held = credentialInUrl(
    beforeCollection(text).replace(/^[a-z][a-z0-9-]*:(?=[a-z][a-z0-9+.-]*:\/\/)/i, ''),
    {
      variables: false,
    },
  );
  if (held !== undefined) {
    throw new InputError(`holds ${held}, which would end up in files and on screens`, {
      where: text.replace(/\/\/.*@/s, '//…@').replace(/[?#].*$/s, '?…'),
      next: 'leave it out, and set the variable of the engine (PGPASSWORD, QDRANT_API_KEY, MILVUS_TOKEN, CHROMA_TOKEN)',
    });
  }
  const [, engine, rest] = /^([a-z][a-z0-9-]*):(.*)$/s.exec(text) ?? [];
  if (engine === undefined || rest === undefined) {
    throw new InputError('is not the address of a collection', {
      got: text,
      next: 'write engine:address#collection, such as pgvector:postgres://host/database#docs, lancedb:./folder#docs, file:./points.parquet or export:./folder',
    });
  }
  const known = [...engines, EXPORT, FILE];
  if (!known.includes(engine)) {
    throw new InputError(suggest(`unknown engine "${engine}"`, engine, known, ''), {
      where: text,
      next: `use one of ${known.join(', ')}`,
    });
  }
  if (isOnlyRead(engine)) return { engine, address: rest, collection: undefined, as: {}, details: {} };
  const address = beforeCollection(rest);
  if (address === rest) return { engine, address, collection: undefined, as: {}, details: {} };
  return { engine, address, ...parseCollection(rest.slice(address.length + 1), `${engine}:${address}`) };
}

/** As far as the last #: folders may have it in their name, as what is behind it may not. */
function beforeCollection(text: string): string {
  const at = text.lastIndexOf('#');
  return at < 0 ? text : text.slice(0, at);
}
