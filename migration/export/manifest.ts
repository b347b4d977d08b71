import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { checkDepth } from '../../common/json.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { FIELD_TYPES, METRICS } from '../../datasets/dataset.js';
import type { ScoreForm } from '../../engines/contract/capabilities.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import type { PointShape } from './canonical.js';
import { ID_COLUMNS } from './columns.js';
import { DETAIL_NAMES } from './details.js';

/** `manifest.json` of an export: docs/export-format.md. */
export const MANIFEST = 'manifest.json';
export const FORMAT = 'vecproof-export';
export const VERSION = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
/** Files of an export; a billion points have about 20,000. */
const MOST_PARTS = 1_000_000;
const MOST_NAMES = 100_000;
/** Of vectors of bits. */
const MOST_DIMENSIONS = 2 ** 20;
/** A name inside the folder: no manifest leads out of it. */
const partFile = z.string().regex(/^points-\d{5,}\.(parquet|jsonl\.zst)$/);
const metric = z.enum(METRICS).nullable();
export const SCORE_FORMS = [
  '1-cos',
  '1-dot',
  '-dot',
  'squared',
  'root',
  'cos',
  'dot',
] as const satisfies readonly ScoreForm[];

/** What an inventory asks of filters; a test holds the two in step. */
export const FILTER_PROBES = [
  'equal',
  'null',
  'missing',
  'not-equal',
  'array',
  'empty-array',
  'case',
  'boundary',
] as const;

const vector = z.strictObject({
  name: z.string(),
  kind: z.enum(['dense', 'sparse', 'multi']),
  type: z.enum(['f32', 'f16', 'bf16', 'int8', 'bit']),
  dimensions: count.max(MOST_DIMENSIONS).describe('of a dense vector or of each row; 0 for sparse vectors'),
  metric: metric.describe('as the source declares it; null: it does not say'),
  measuredMetric: metric.describe('found by distances that the source computed; null: not measured'),
  score: z
    .enum(SCORE_FORMS)
    .nullable()
    .describe(
      "the source's own score under its metric: 1-cos, 1-dot, -dot, squared (Euclidean distance squared) and root (Euclidean) are distances; cos and dot are similarities; null: not known",
    ),
  normalised: z
    .boolean()
    .nullable()
    .describe('whether all dense vectors that are not zero have length 1; null: none can tell'),
  points: count.describe('points that have this vector'),
  zero: count.describe('dense vectors of which every number is 0'),
  unit: count.describe('dense vectors whose length is within 1e-3 of 1'),
  notFinite: count.describe('vectors with a NaN or an infinity; a NaN is kept as NaN, not its payload'),
});

const field = z.strictObject({
  name: z.string(),
  type: z
    .enum(FIELD_TYPES)
    .nullable()
    .describe('of its column; null: it has none, all its values are in the column "metadata"'),
  native: z.string().nullable().describe("the source's own name of its type; null: the source has no schema"),
  values: count.describe('points with a value'),
  nulls: count,
  elsewhere: count.describe('values that its column cannot hold exactly, in the column "metadata"'),
});

export const partSchema = z.strictObject({
  file: partFile,
  rows: count,
  bytes: count,
  sha256: digest.describe('of the file'),
  sum: digest.describe("sum of its points' hashes modulo 2^256"),
  range: z
    .string()
    .optional()
    .describe('which range of the source it was read from, in its own words, where there were several'),
});

export const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  tool: z.string().describe('what wrote it, with its version'),
  source: z.strictObject({
    engine: z.string(),
    engineVersion: z.string(),
    collection: z.string(),
    place: z.string().describe('where it was, without credentials'),
    parameters: z
      .string()
      .optional()
      .describe('what was said of how it is to be read, such as ?tenant=org&model=embedding_model'),
    autoIds: z
      .boolean()
      .optional()
      .describe('the source makes the ids of new points itself; absent: it does not say'),
    ttl: z
      .string()
      .optional()
      .describe("when its points expire, in the source's own words; absent: never, or it does not say"),
    index: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .describe("in the source's own words"),
  }),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  consistency: z
    .enum(['snapshot', 'repaired', 'best-effort'])
    .describe(
      'snapshot: exactly the points of one moment; repaired: two passes agreed; best-effort: points written or deleted meanwhile may or may not be here',
    ),
  watermark: z.string().nullable().describe("position in the source's log or history, in its own words"),
  interruptions: count.describe('times that the export was interrupted and went on'),
  ids: z.strictObject({
    kind: z.enum(['u32', 'u64', 'string', 'uuid']).nullable().describe('null: integers and UUIDs'),
    column: z.enum(ID_COLUMNS),
    integer: count,
    string: count,
    uuid: count,
  }),
  vectors: z.array(vector).max(MOST_NAMES),
  fields: z.array(field).max(MOST_NAMES),
  text: count.describe('points with a text'),
  uri: count,
  tenant: count,
  details: z
    .record(z.enum(DETAIL_NAMES), count)
    .describe('points with each of the parts that say where a point lay, its state, and its provenance'),
  nestedTimestamps: z
    .array(z.string())
    .describe('timestamps inside nested objects: keys joined by dots, arrays add nothing'),
  filters: z
    .strictObject({ probes: z.record(z.enum(FILTER_PROBES), z.enum(['same', 'different', 'not-asked'])) })
    .nullable()
    .describe(
      "whether the source's filters treat odd values as docs/filters.md says, by probe (docs/migration.md); null: not probed",
    ),
  counts: z.strictObject({
    exported: count,
    before: count.describe("the source's own counter when the export began"),
    after: count.describe('and when it ended'),
  }),
  parts: z.array(partSchema).max(MOST_PARTS),
  tombstones: z
    .strictObject({
      file: z.literal('tombstones.parquet'),
      rows: count,
      bytes: count,
      sha256: digest,
      sum: digest,
    })
    .nullable()
    .describe('ids that were deleted in the source; null: none are known'),
  sum: digest.describe("sum of all points' hashes modulo 2^256: equal for the same points in any order"),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** What asking the source showed: the metric of each vector by its scores, and how its filters treat odd values. */
export interface Measured {
  metrics: Readonly<Record<string, Manifest['vectors'][number]['measuredMetric']>>;
  filters: Manifest['filters'];
}

export function withMeasured(manifest: Manifest, measured: Measured | undefined): Manifest {
  if (measured === undefined) return manifest;
  const { metrics, filters } = measured;
  const vectors = manifest.vectors.map((each) => ({ ...each, measuredMetric: metrics[each.name] ?? null }));
  return { ...manifest, vectors, filters };
}

/** Of `manifest.json`, for other readers. */
export function manifestJsonSchema(): unknown {
  return { title: 'vecproof export, version 1', ...z.toJSONSchema(manifestSchema) };
}

/** @throws InputError naming the file and what is wrong with it */
export function readManifest(folder: string): Manifest {
  const path = join(folder, MANIFEST);
  let json: unknown;
  try {
    const text = readRegularText(path, MOST_RECORD);
    checkDepth(text);
    json = JSON.parse(text);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InputError(missing ? 'is no finished export' : `cannot be read: ${messageOf(error)}`, {
      where: missing ? folder : path,
      next: missing
        ? 'give the folder of an export; the same command continues an interrupted one'
        : undefined,
      cause: error,
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(
    `is not a manifest of version ${VERSION}: ${issue?.path.join('.')}: ${issue?.message}`,
    {
      where: path,
      cause: parsed.error,
    },
  );
}

/** Last of all files: a folder without it is no finished export. */
export function writeManifest(folder: string, manifest: Manifest): void {
  writeFileAtomic(join(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

export function shapeOf({
  ids,
  vectors,
  fields,
  nestedTimestamps,
}: Pick<Manifest, 'ids' | 'vectors' | 'fields' | 'nestedTimestamps'>): PointShape {
  return {
    ids: ids.kind === 'u32' || ids.kind === 'u64' ? 'integer' : ids.kind,
    vectors: vectors.map(
      ({ name, kind, type, dimensions, metric }): VectorField => ({
        name,
        kind,
        type,
        dimensions,
        metric,
      }),
    ),
    timestamps: new Set([
      ...fields.filter(({ type }) => type === 'timestamp').map(({ name }) => name),
      ...nestedTimestamps,
    ]),
  };
}
