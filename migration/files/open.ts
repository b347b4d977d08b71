import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';
import { temporaryFolder } from '../../common/temporary.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { IdKind } from '../../engines/contract/ids.js';
import type { Points } from '../../engines/contract/points.js';
import { type FileParameters, parseFileAddress } from './address.js';
import { fileCollection } from './collection.js';
import { FILE, fileDefinition } from './definition.js';
import { findRows } from './find.js';
import { type Layout, layoutOf } from './layout.js';
import type { FileRows } from './rows.js';
import { type Survey, surveyRows } from './survey.js';
import { noValueNotes } from './values.js';

/** Files that stand wherever a collection may be read. */
export interface OpenFiles {
  definition: EngineDefinition;
  /** The format. */
  engineVersion: string;
  place: string;
  /** What the user said of the columns, as it was written. */
  parameters?: string | undefined;
  collection: Collection & { readonly points: Points };
  /** What was taken for what, and what is not in the files as it was, a sentence each. */
  notes: readonly string[];
  list(): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * Opens files as a source: `./points.parquet?vector=emb`, a pattern, a folder, `./vdf#index`. They are read once for their
 * columns, and never written.
 * @throws InputError for files that cannot be read, and where it is not certain what is id and vector
 */
export async function openFiles(
  address: string,
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<OpenFiles> {
  const { path, part, parameters, written } = split(address, cwd);
  const cacheFolder = await temporaryFolder('files');
  const close = () => rm(cacheFolder, { recursive: true, force: true });
  try {
    const rows = await findRows(path, { cwd, cacheFolder, parameters, part });
    const survey = await surveyRows(rows.read(), dottedOf(parameters), signal);
    const layout = layoutOf(rows, survey, parameters);
    const { ids, integerIds } = idsOf(rows, survey, layout, parameters);
    const model = parameters.model ?? rows.hints.provenance?.model;
    const conversion = {
      layout,
      notes: noValueNotes(nestedOf(layout)),
      provenance: model === undefined ? undefined : { ...rows.hints.provenance, model },
      uuids: ids === 'uuid',
    };
    const name = part ?? rows.hints.name ?? nameOf(path);
    return {
      definition: fileDefinition(rows.absence, integerIds),
      parameters: written,
      engineVersion: rows.format,
      place: `${FILE}:${relative(cwd, resolve(cwd, path)) || '.'}`,
      collection: fileCollection({ name, rows, survey, layout, conversion, ids, signal }),
      notes: layout.notes,
      list: async () => [name],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What of nested objects is no metadata, by paths that begin where the metadata does. */
function nestedOf({ taken, lifted }: Layout): ReadonlySet<string> {
  const below = lifted === undefined ? '' : `${lifted}.`;
  return new Set([...taken].filter((path) => path.startsWith(below)).map((path) => path.slice(below.length)));
}

/** A `#` may also be in a path that is there. */
function split(address: string, cwd: string) {
  const { path: whole, parameters } = parseFileAddress(address);
  const written = whole === address ? undefined : address.slice(whole.length);
  const at = whole.lastIndexOf('#');
  if (at < 0 || existsSync(resolve(cwd, whole))) return { path: whole, part: undefined, parameters, written };
  return { path: whole.slice(0, at), part: whole.slice(at + 1), parameters, written };
}

function nameOf(path: string): string {
  return (
    basename(path)
      .replace(/[*?[].*$/, '')
      .replace(/(\.[a-z0-9]+)+$/i, '')
      .replace(/[-_.]+$/, '') || 'points'
  );
}

function dottedOf({ id, vector = [], text, ...roles }: FileParameters): string[] {
  const { uri, tenant, namespace, partition, version, updated } = roles;
  return [id, text, ...vector, uri, tenant, namespace, partition, version, updated].filter(
    (name): name is string => name?.includes('.') === true,
  );
}

function idsOf(
  { declared }: FileRows,
  { columns }: Survey,
  { id }: Layout,
  { ids: said }: FileParameters,
): { ids: IdKind | null; integerIds: Capabilities['integerIds'] } {
  if (id === null) return { ids: 'u64', integerIds: 'signed' };
  const { integers, negative, large, texts, uuids } = columns.get(id)?.ids ?? {
    integers: 0,
    negative: false,
    large: false,
    texts: 1,
    uuids: 0,
  };
  const areUuids = declared.get(id)?.uuid === true || said === 'uuid';
  if (integers > 0 && texts + uuids === 0)
    return { ids: 'u64', integerIds: large ? (negative ? undefined : 'unsigned') : 'signed' };
  if (integers > 0) return { ids: null, integerIds: undefined };
  return { ids: areUuids || (uuids > 0 && texts === 0) ? 'uuid' : 'string', integerIds: undefined };
}
