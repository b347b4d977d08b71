import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { InputError } from '../common/errors.js';
import { packageRoot } from '../common/paths.js';
import { unreadable } from './check.js';
import { METRICS } from './dataset.js';
import { FORMATS } from './formats/registry.js';

const FIELD_TYPES = [
  'string',
  'integer',
  'float',
  'boolean',
  'timestamp',
  'string[]',
  'integer[]',
  'float[]',
  'boolean[]',
] as const;

const count = z.int().positive();
const text = z.string().min(1);
/** Files stay inside the dataset's folder, so that a shared `dataset.yaml` cannot point elsewhere. */
const fileName = text.refine((path) => !/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)/.test(path), {
  message: 'must be a path inside the dataset folder',
});

const vectorsSchema = z.strictObject({
  /** Of a format of the registry. */
  file: z.union([fileName, z.array(fileName).min(1)]),
  /** JSON Lines, one per vector: ids and metadata of a file that has none. */
  metadata: fileName.optional(),
});

const syntheticSchema = z.strictObject({
  seed: z.int().nonnegative(),
  clusters: count,
  /** Dimensions of the subspace in which each cluster varies. */
  intrinsicDimensions: count,
});

const entrySchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be lower-case letters, digits, dots and dashes'),
    title: text.optional(),
    description: text.optional(),
    licence: text.optional(),
    provenance: text.optional(),
    metric: z.enum(METRICS).optional(),
    dimensions: count.optional(),
    count: count.optional(),
    format: z.enum([...FORMATS.map(({ name }) => name), 'synthetic']),
    /** `bundled` with the package, in a `folder` the user gives, or `generated` when it is used. */
    location: z.enum(['bundled', 'folder', 'generated']).default('folder'),
    points: vectorsSchema.optional(),
    querySets: z
      .array(
        vectorsSchema.partial({ file: true }).extend({
          name: text,
          count: count.optional(),
          qrels: fileName.optional(),
          neighbors: fileName.optional(),
        }),
      )
      .default([]),
    fields: z
      .array(
        z.strictObject({
          name: text,
          type: z.enum(FIELD_TYPES),
          nullable: z.boolean(),
          /** Points in which the field is null. */
          nulls: z.int().nonnegative().optional(),
        }),
      )
      .default([]),
    files: z
      .array(
        z.strictObject({
          path: fileName,
          bytes: z.int().nonnegative().optional(),
          sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
            .optional(),
        }),
      )
      .default([]),
    synthetic: syntheticSchema.optional(),
  })
  .superRefine((entry, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (entry.format !== 'synthetic') {
      if (entry.points === undefined) issue('points', 'must name the file with the points');
      const ownQueries = FORMATS.find(({ name }) => name === entry.format)?.ownQueries ?? null;
      const lacking = ownQueries === null && entry.querySets.some((set) => set.file === undefined);
      if (lacking) issue('querySets', 'must each name a file');
    } else {
      if (entry.querySets.some((set) => set.count === undefined))
        issue('querySets', 'must each have a count');
      if (entry.synthetic === undefined) issue('synthetic', 'must hold the parameters of the generator');
      for (const key of ['count', 'dimensions', 'metric'] as const) {
        if (entry[key] === undefined) issue(key, 'must be given for generated data');
      }
    }
  });

/** A dataset as the catalog (`datasets/catalog/*.yaml`) or a folder's `dataset.yaml` describes it. */
export type CatalogEntry = z.infer<typeof entrySchema>;

/** Every dataset that can be named without a path, by name. */
export function catalogEntries(): CatalogEntry[] {
  const folder = join(packageRoot, 'datasets', 'catalog');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return files
    .map((file) => readEntry(join(folder, file)))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Reads and checks one entry. Throws InputError listing every fault with its key. */
export function readEntry(path: string): CatalogEntry {
  let raw: unknown;
  try {
    raw = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unreadable(path, error, 'is not readable YAML');
  }
  const result = entrySchema.safeParse(raw);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(top)'}: ${issue.message}`);
  throw new InputError(`is not a valid dataset description\n  ${faults.join('\n  ')}`, {
    where: path,
    next: 'see docs/datasets.md for the keys',
  });
}
