import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { makeFolder } from '../../common/files.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { Point } from '../../engines/contract/points.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import type { OpenSource } from '../connections/open-source.js';
import { exportCollection } from '../export/export.js';
import { openExport } from '../export/reader.js';
import { planLoad } from '../load/plan.js';
import { lossesOf } from '../mapping/losses.js';
import { type MapOptions, mapExport, observe } from '../mapping/map.js';
import { type Mapping, writeMapping } from '../mapping/mapping.js';
import type { RehearsalData } from './data.js';

/** Where the worker finds how rows become those of the target. */
export interface MappingFiles {
  /** Folder of an export of the rehearsed rows. */
  export: string;
  file: string;
}

/** How rows of the source become those of the target, in the target's terms but for their ids. */
export interface Mapped {
  spec: CollectionSpec;
  /** The target's name of a vector of the source. */
  vectorOf(name: string): string;
  as(point: Point): Point;
  idOf(id: Point['id']): Point['id'];
}

export interface MappingRequest {
  data: RehearsalData;
  source: EngineDefinition;
  target: EngineDefinition;
  /** `engine:address#collection` of the scratch collection. */
  place: string;
  /** What the plan wants, and what of the proposal it wants otherwise. */
  options: Omit<MapOptions, 'signal'>;
  edited(mapping: Mapping): Mapping;
  /** New. */
  folder: string;
  signal: AbortSignal;
}

/**
 * The mapping that the plan would get for these rows, with every loss accepted: it is rehearsed, not decided.
 * @returns its files, and its losses in words
 * @throws InputError for ids that follow a file: it has none for rows that are inserted
 */
export async function makeMapping(
  request: MappingRequest,
): Promise<{ files: MappingFiles; losses: string[] }> {
  const { data, source, target, place, options, folder, signal } = request;
  makeFolder(folder);
  const files = { export: join(folder, 'export'), file: join(folder, 'mapping.yaml') };
  await exportCollection(inMemory(data, source), { folder: files.export, signal });
  const mapping = request.edited(await mapExport(files.export, place, { ...options, signal }));
  if (mapping.ids.how === 'file')
    throw new InputError(
      'ids that follow a file cannot be rehearsed: it has none for rows that are inserted',
      {
        where: 'map.ids',
        next: 'rehearse without the mapping (rehearse: { mapping: false }), or with another rule for ids',
      },
    );
  const opened = openExport(files.export);
  const observed = await observe(opened, target.capabilities, { signal });
  const losses = lossesOf(mapping, opened.manifest, observed, target.capabilities);
  writeMapping(files.file, {
    ...mapping,
    losses: losses.map((loss) => ({ ...loss, accepted: 'a rehearsal' })),
  });
  const words = losses.map(
    ({ loss, of, points }) => `mapping: ${loss}${of === '' ? '' : ` of "${of}"`}, ${points} points`,
  );
  return { files, losses: words };
}

/** @throws InputError for a target that cannot hold what the mapping asks for */
export async function openMapping({ export: folder, file }: MappingFiles): Promise<Mapped> {
  const { apply, mapping, spec } = await planLoad(folder, file);
  return {
    spec,
    vectorOf: (name) => mapping.vectors.find(({ from }) => from === name)?.to ?? name,
    as: (point) => ({ ...apply(point), id: point.id }),
    idOf: (id) => apply({ id, vectors: {}, metadata: {} }).id,
  };
}

/** The rehearsed rows as a collection that is read once. */
function inMemory({ spec, points }: RehearsalData, definition: EngineDefinition): OpenSource {
  const { vectors, ids, fields = [], text, uri, tenant } = spec;
  const description = {
    spec: { name: 'rehearsed', vectors, text, uri, tenant },
    ...{ ids, index: {}, count: points.length },
    fields: fields.map((field) => ({ ...field, native: field.type })),
  };
  const snapshot = async () => ({
    consistency: 'snapshot' as const,
    watermark: null,
    async *scan() {
      yield { points: [...points], cursor: String(points.length) };
    },
    close: async () => {},
  });
  return {
    ...{ definition, engineVersion: 'rehearsed', place: `${definition.name}:rehearsed` },
    collection: { name: 'rehearsed', points: { describe: async () => description, snapshot } },
    list: async () => ['rehearsed'],
    close: async () => {},
  } as unknown as OpenSource;
}
