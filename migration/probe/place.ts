import { resolve } from 'node:path';
import type { Collection } from '../../engines/contract/collection.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { ColumnPage, Consistency, Description, Point, Points } from '../../engines/contract/points.js';
import { engineNames } from '../../engines/registry.js';
import { EXPORT, parseAddress } from '../connections/address.js';
import { openSource } from '../connections/open-source.js';
import type { Surroundings } from '../connections/reach.js';
import { describedShape, type IdType, idType, type PointShape } from '../export/canonical.js';
import type { Manifest } from '../export/manifest.js';
import { type NearField, nearFields } from '../export/near.js';
import { checkParts, openExport } from '../export/reader.js';

/** A place that is only read: a collection that can be asked, or the files of an export. */
export interface Place {
  /** For people: without credentials. */
  place: string;
  shape: PointShape;
  /** Points by the place's own counter. */
  counter: number;
  /** How its engine keeps null and missing apart; an export does. */
  absence: 'kept' | 'null' | 'missing';
  /** Its engine holds no point without all of the collection's vectors. */
  needsVectors: boolean;
  /** Its engine keeps nested objects as they are, empty ones too. */
  nestedNatively: boolean;
  /** Vectors that its engine does not give back bit for bit. */
  near: readonly NearField[];
  /** Longest text that its engine holds. */
  maxTextBytes: number;
  /** What a scan of it promises. */
  consistency: Consistency;
  /** Position in its log or history, in its own words; null: it has none. */
  watermark: string | null;
  /** What answers questions; undefined: files do not. */
  live?: Live | undefined;
  /** Of an export. */
  manifest?: Manifest | undefined;
  /** Of an export whose points can be read as columns: where it is. */
  folder?: string | undefined;
  /** Names of all collections that are there. */
  collections(): Promise<string[]>;
  /** Every point once; may be called again. */
  scan(): AsyncIterable<readonly Point[]>;
  /** The same as columns, in the same order; undefined: it has none. */
  columns?: (() => AsyncIterable<PointColumns>) | undefined;
  /** Those that are there. */
  get(ids: readonly { type: IdType; id: PointId }[]): Promise<Point[]>;
  close(): Promise<void>;
}

/** A collection of an engine that answers. */
export interface Live {
  definition: EngineDefinition;
  engineVersion: string;
  collection: Collection & { readonly points: Points };
  description: Description;
}

const BATCH = 1000;

/** @throws InputError for a place that is none, FailureError if it cannot be reached */
export async function openPlace(text: string, surroundings: Surroundings): Promise<Place> {
  const { engine, address } = parseAddress(text, engineNames());
  return engine === EXPORT
    ? openExportPlace(resolve(surroundings.cwd, address), text, surroundings)
    : openCollectionPlace(text, surroundings);
}

/** Every file is hashed first: what is compared is what was exported. */
async function openExportPlace(folder: string, place: string, { signal }: Surroundings): Promise<Place> {
  const opened = openExport(folder);
  await checkParts(opened, signal);
  const { manifest, shape } = opened;
  return {
    place,
    shape,
    counter: manifest.counts.exported,
    absence: 'kept',
    nestedNatively: true,
    near: [],
    needsVectors: false,
    maxTextBytes: Number.POSITIVE_INFINITY,
    consistency: 'snapshot',
    watermark: manifest.watermark,
    manifest,
    collections: async () => [manifest.source.collection],
    scan: () => opened.points(),
    columns: opened.columns,
    folder: opened.columns && folder,
    async get(ids) {
      const wanted = new Set(ids.map(keyOf));
      const found: Point[] = [];
      for await (const points of opened.points()) {
        signal.throwIfAborted();
        found.push(...points.filter(({ id }) => wanted.has(keyOf({ type: idType(shape, id), id }))));
      }
      return found;
    },
    close: async () => {},
  };
}

async function* columnsIn(pages: AsyncIterable<ColumnPage>): AsyncIterable<PointColumns> {
  for await (const { columns } of pages) yield columns;
}

function keyOf({ type, id }: { type: IdType; id: PointId }): string {
  return `${type}:${id}`;
}

async function openCollectionPlace(text: string, surroundings: Surroundings): Promise<Place> {
  const { collection, definition, engineVersion, place, list, close } = await openSource(text, surroundings);
  const { points, name } = collection;
  try {
    const description = await points.describe();
    const { ids, spec, count } = description;
    const snapshot = await points.snapshot();
    const integers = ids === 'u32' || ids === 'u64';
    return {
      place: `${place}#${name}`,
      shape: describedShape(description),
      counter: count,
      absence: definition.capabilities.metadata?.absence ?? 'kept',
      maxTextBytes: definition.capabilities.metadata?.maxTextBytes ?? Number.POSITIVE_INFINITY,
      nestedNatively: definition.capabilities.metadata?.nested === 'native',
      near: nearFields(spec.vectors, definition.capabilities.points!.vectors),
      needsVectors: definition.capabilities.points!.vectors.absent === 'refused',
      consistency: snapshot.consistency,
      watermark: snapshot.watermark,
      live: { definition, engineVersion, collection, description },
      collections: list,
      async *scan() {
        for await (const page of snapshot.scan({ batchSize: BATCH, signal: surroundings.signal }))
          yield page.points;
      },
      columns:
        snapshot.columns &&
        (() => columnsIn(snapshot.columns!({ batchSize: BATCH, signal: surroundings.signal }))),
      // Ids that the collection's kind cannot hold are not there.
      get: (wanted) =>
        points.get(
          wanted.filter(({ type }) => (type === 'integer') === integers || ids === null).map(({ id }) => id),
        ),
      close: async () => {
        await snapshot.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
