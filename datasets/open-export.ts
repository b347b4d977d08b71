import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../common/errors.js';
import { suggest } from '../common/nearest.js';
import { MOST_RECORD, readRegularText } from '../common/regular-file.js';
import { concatSources } from './concat.js';
import { type Dataset, type DatasetFile, FIELD_TYPES, type FieldSchema, NUMBER_METRICS } from './dataset.js';
import { fieldValue } from './field-values.js';
import { finishDataset } from './finish.js';
import { openFormat } from './formats/registry.js';
import { hashDataset, hashFileCached } from './hash.js';
import { chosenMetric } from './metric.js';
import type { OpenContext } from './open-context.js';
import { givenQueries, withGiven } from './query-files.js';
import type { VectorSource } from './source.js';

/** An export of a collection (docs/export-format.md) as a dataset: its points as they were, so that what was moved can be measured. */

const MANIFEST = 'manifest.json';
/** Before a folder that must be an export: the address that commands of migrations take. */
export const EXPORT_PREFIX = 'export:';

/** What a dataset needs of a manifest; all of it is in its own schema. */
const manifestSchema = z.object({
  format: z.literal('vecproof-export'),
  version: z.literal(1),
  source: z.object({
    engine: z.string(),
    engineVersion: z.string(),
    place: z.string(),
    collection: z.string(),
  }),
  counts: z.object({ exported: z.int() }),
  vectors: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      type: z.string(),
      metric: z.string().nullable(),
      points: z.int(),
    }),
  ),
  fields: z.array(
    z.object({
      name: z.string(),
      type: z.enum(FIELD_TYPES).nullable(),
      values: z.int(),
      elsewhere: z.int(),
    }),
  ),
  parts: z
    .array(z.object({ file: z.string().regex(/^[\w.-]+$/), sha256: z.string(), rows: z.int() }))
    .min(1, 'there are no points'),
});
type ExportManifest = z.infer<typeof manifestSchema>;

/** Whether a folder is a finished export. */
export function isExport(folder: string): boolean {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return false;
  try {
    return (
      (JSON.parse(readRegularText(path, MOST_RECORD)) as { format?: unknown }).format === 'vecproof-export'
    );
  } catch {
    // Somebody else's manifest.
    return false;
  }
}

/**
 * Opens an export. Every part is hashed, and must be the file that was written.
 * @throws InputError for a damaged one, several vectors of which none is chosen, and vectors that no metric compares
 */
export async function openExportFolder(
  folder: string,
  given: string,
  options: OpenContext,
): Promise<Dataset> {
  const manifest = readExportManifest(folder);
  const vector = chosenVector(folder, manifest, options.columns?.vector);
  const fields = usableFields(manifest);
  const sources: VectorSource[] = [];
  const files: DatasetFile[] = [];
  for (const { file, sha256 } of manifest.parts) {
    const path = join(folder, file);
    files.push({ ...(await requireHash(path, sha256, options)), path: file });
    sources.push(await openPart(path, vector.name, fields, options));
  }
  const points = concatSources(sources);
  const querySets = withGiven(await givenQueries(options), []);
  if (querySets.length === 0 && options.queriesOptional !== true) {
    throw new InputError('has no queries', {
      where: given,
      next: 'give a file with query vectors: --queries, or dataset.queries in a suite',
    });
  }
  const { engine, engineVersion, place, collection } = manifest.source;
  const metric = NUMBER_METRICS.find((each) => each === vector.metric);
  const info = {
    name: basename(folder),
    hash: hashDataset(files, points.reading),
    ...chosenMetric(options.metric, metric),
    source: given,
    provenance: `exported from ${place}#${collection} (${engine} ${engineVersion})`,
    files,
    warnings: warningsOf(folder, manifest, fields),
  };
  return finishDataset({ info, points, querySets }, options);
}

function readExportManifest(folder: string): ExportManifest {
  const path = join(folder, MANIFEST);
  if (!existsSync(path))
    throw new InputError('is no finished export', {
      where: folder,
      next: 'give the folder that "vecproof export" has written to its end',
    });
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(readRegularText(path, MOST_RECORD)));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
  } catch (error) {
    throw new InputError(`is not the manifest of an export: ${messageOf(error)}`, {
      where: path,
      cause: error,
    });
  }
}

function chosenVector(folder: string, { vectors }: ExportManifest, wanted: string | undefined) {
  const names = vectors.map(({ name }) => name);
  const dense = vectors.filter(({ kind, type }) => kind === 'dense' && type !== 'bit');
  const found = wanted === undefined ? dense : vectors.filter(({ name }) => name === wanted);
  if (found.length === 0) {
    const what = wanted === undefined ? 'has no dense vector of numbers' : `has no vector "${wanted}"`;
    throw new InputError(wanted === undefined ? what : suggest(what, wanted, names, ''), {
      where: folder,
      got: names,
      next: 'choose one of its dense vectors with --vector (dataset.vector in a suite)',
    });
  }
  if (found.length > 1)
    throw new InputError(`has several vectors: ${found.map(({ name }) => name).join(', ')}`, {
      where: folder,
      next: `choose one: --vector ${found[0]!.name} (dataset.vector in a suite)`,
    });
  const [vector] = found;
  if (vector!.kind !== 'dense' || vector!.type === 'bit')
    throw new InputError(
      `its vector "${vector!.name}" is ${vector!.kind} ${vector!.type}, which datasets cannot hold`,
      {
        where: folder,
        next: 'choose one of its dense vectors with --vector (dataset.vector in a suite)',
      },
    );
  return vector!;
}

/** Fields of which every value is in its column: of others a filter would see less than there is. */
function usableFields({ fields, counts }: ExportManifest): FieldSchema[] {
  return fields.flatMap(({ name, type, values, elsewhere }) =>
    type === null || elsewhere > 0 ? [] : [{ name, type, nullable: values < counts.exported }],
  );
}

function warningsOf(folder: string, { fields }: ExportManifest, usable: readonly FieldSchema[]): string[] {
  const left = fields.filter(({ name, values }) => values > 0 && !usable.some((each) => each.name === name));
  if (left.length === 0) return [];
  const names = left.map(({ name }) => `"${name}"`).join(', ');
  return [`${folder}: left out ${names}, whose values are of several types or nested`];
}

async function requireHash(path: string, sha256: string, options: OpenContext): Promise<DatasetFile> {
  const file = await hashFileCached(path, options.cacheFolder, options.signal);
  if (file.sha256 === sha256) return file;
  throw new InputError("is not the file that was written: its SHA-256 is not the manifest's", {
    where: path,
    got: file.sha256,
    next: 'restore the file from a copy, or export again',
  });
}

/** A part's own columns under the names of the collection; a field that a part has no column for is null in it. */
async function openPart(
  path: string,
  vector: string,
  fields: readonly FieldSchema[],
  options: OpenContext,
): Promise<VectorSource> {
  const columns = { id: 'id', vector: `vector.${vector}` };
  const { points } = await openFormat(path, { ...options, metric: undefined, columns });
  const there = fields.filter(({ name }) => points.fields.some((each) => each.name === PREFIX + name));
  return {
    count: points.count,
    dimensions: points.dimensions,
    fields,
    columns: { ...points.columns, notes: [] },
    component: points.component,
    reading: points.reading,
    place: (row) => points.place(row),
    async *read({ metadata, ...rest }) {
      const wanted = fields.filter(({ name }) => metadata?.includes(name));
      const names = there.filter((each) => wanted.includes(each)).map(({ name }) => PREFIX + name);
      for await (const batch of points.read({ ...rest, ...(metadata && { metadata: names }) })) {
        if (metadata === undefined) yield batch;
        else yield { ...batch, metadata: renamed(batch, wanted, points) };
      }
    },
    close: () => points.close(),
  };
}

const PREFIX = 'metadata.';

function renamed(
  batch: { start: number; count: number; metadata?: Readonly<Record<string, readonly unknown[]>> },
  fields: readonly FieldSchema[],
  points: VectorSource,
) {
  return Object.fromEntries(
    fields.map((field) => {
      const values = batch.metadata?.[PREFIX + field.name] ?? Array.from({ length: batch.count }, () => null);
      const read = (value: unknown, i: number) =>
        fieldValue(
          field.type === 'timestamp' && typeof value === 'number' ? BigInt(value) : value,
          field,
          () => points.place(batch.start + i),
        );
      return [field.name, values.map(read)];
    }),
  );
}
