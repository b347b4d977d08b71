import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { InputError } from '../common/errors.js';
import { packageRoot } from '../common/paths.js';
import { readRegularText } from '../common/regular-file.js';
import { unreadable } from './check.js';
import { FIELD_TYPES, METRICS } from './dataset.js';
import { insideFolder, remoteFileSchema, sizeOf } from './download/schema.js';
import { FORMATS } from './formats/registry.js';

const count = z.int().positive();
const text = z.string().min(1);
/** Files stay inside the dataset's folder, so that a shared `dataset.yaml` cannot point elsewhere. */
const fileName = insideFolder;

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
    /** `bundled` with the package, in a `folder` the user gives, `generated` when it is used, or `download`ed. */
    location: z.enum(['bundled', 'folder', 'generated', 'download']).default('folder'),
    /** Where its publisher describes it. */
    homepage: z.url().optional(),
    /** `texts`: documents, queries and judgements, for which the user computes vectors. */
    holds: z.enum(['vectors', 'texts']).default('vectors'),
    /** The files of one that is downloaded. Without `points` they are read as their folder is laid out. */
    download: z.array(remoteFileSchema).default([]),
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
    if ((entry.location === 'download') !== entry.download.length > 0)
      issue('download', 'must list files, and belongs to the location "download"');
    if (entry.format !== 'synthetic') {
      if (entry.points === undefined && entry.location !== 'download')
        issue('points', 'must name the file with the points');
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

const folder = join(packageRoot, 'datasets', 'catalog');
let entries: CatalogEntry[] | undefined;

/** Every dataset that can be named without a path, by name. */
export function catalogEntries(): CatalogEntry[] {
  entries ??= readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => readEntry(join(folder, file)))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return entries;
}

/** The dataset of that name, whose file is called so; undefined if there is none. */
export function catalogEntry(name: string): CatalogEntry | undefined {
  const path = join(folder, `${name}.yaml`);
  return /^[a-z0-9]/.test(name) && !/[/\\]/.test(name) && existsSync(path) ? readEntry(path) : undefined;
}

/** About how many bytes a dataset has that is downloaded; undefined for others. */
export function downloadSize({ download }: CatalogEntry): number | undefined {
  return download.length === 0 ? undefined : download.reduce((sum, file) => sum + sizeOf(file), 0);
}

/** Reads and checks one entry. Throws InputError listing every fault with its key. */
export function readEntry(path: string): CatalogEntry {
  let raw: unknown;
  try {
    raw = parse(readRegularText(path));
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
