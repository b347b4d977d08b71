import { existsSync, readdirSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { byName } from '../../datasets/paths.js';
import type { VectorMetric } from '../../engines/contract/vectors.js';
import { parquetRows } from './parquet-rows.js';
import type { FileRows, Hints, Row } from './rows.js';

/** Folders of vector-io (VDF): `VDF_META.json`, and Parquet files for each index and namespace. */
const META = 'VDF_META.json';

const namespaceSchema = z.object({
  namespace: z.string().default(''),
  total_vector_count: z.number().nullish(),
  exported_vector_count: z.number().nullish(),
  model_name: z.string().nullish(),
  vector_columns: z.array(z.string()).nullish(),
  data_path: z.string(),
  metric: z.string().nullish(),
});
const metaSchema = z.object({
  version: z.string(),
  exported_from: z.string(),
  id_column: z.string().nullish(),
  indexes: z.record(z.string(), z.array(namespaceSchema)),
});
type Namespace = z.infer<typeof namespaceSchema>;

const METRICS: Readonly<Record<string, VectorMetric>> = {
  cosine: 'cosine',
  euclid: 'l2',
  euclidean: 'l2',
  l2: 'l2',
  dot: 'dot',
};
const NAMESPACE = 'vdf namespace';

export function isVdf(folder: string): boolean {
  return existsSync(join(folder, META));
}

/**
 * @param index that of the folder's indexes; may be left out where there is one
 * @throws InputError for a damaged description, and where it is not certain which index
 */
export async function vdfRows(folder: string, index: string | undefined): Promise<FileRows> {
  const meta = readMeta(folder);
  const name = chosenIndex(folder, Object.keys(meta.indexes), index);
  const namespaces = meta.indexes[name]!;
  const hints = { ...hintsOf(meta.id_column ?? undefined, namespaces), name };
  const parts: { namespace: Namespace; rows: FileRows }[] = [];
  for (const namespace of namespaces)
    parts.push({ namespace, rows: await parquetRows(partsOf(folder, namespace), hints) });
  const [first] = parts;
  if (first === undefined)
    throw new InputError('has no namespaces', { where: join(folder, META), got: name });
  const several = namespaces.some(({ namespace }) => namespace !== '');
  return {
    ...first.rows,
    format: `VDF ${meta.version}`,
    hints: several ? { ...hints, namespace: NAMESPACE } : hints,
    files: [join(folder, META), ...parts.flatMap(({ rows }) => rows.files)],
    notes: [
      ...new Set(parts.flatMap(({ rows }) => rows.notes)),
      `vector-io writes the metric "cosine" where it does not know it, and a null where a key was missing`,
      ...namespaces.flatMap(countNotes),
    ],
    async *read(): AsyncGenerator<Row> {
      for (const { namespace, rows } of parts)
        for await (const row of rows.read())
          yield several ? { ...row, record: { ...row.record, [NAMESPACE]: namespace.namespace } } : row;
    },
  };
}

function readMeta(folder: string): z.infer<typeof metaSchema> {
  const where = join(folder, META);
  try {
    return metaSchema.parse(JSON.parse(readRegularText(where, MOST_RECORD)));
  } catch (error) {
    throw new InputError(`is not a description of a VDF folder: ${messageOf(error)}`, {
      where,
      cause: error,
    });
  }
}

function chosenIndex(folder: string, names: readonly string[], wanted: string | undefined): string {
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  if (wanted === undefined && names.length === 1) return names[0]!;
  const what =
    wanted === undefined ? 'holds several indexes' : suggest(`has no index "${wanted}"`, wanted, names, '');
  throw new InputError(what, {
    where: folder,
    next: `choose one: ${names.map((name) => `file:${folder}#${name}`).join(', ')}`,
  });
}

function hintsOf(id: string | undefined, namespaces: readonly Namespace[]): Hints {
  const [first] = namespaces;
  const model = first?.model_name ?? undefined;
  return {
    id,
    vectors: first?.vector_columns ?? undefined,
    metric: METRICS[first?.metric?.toLowerCase() ?? ''] ?? null,
    ...(model !== undefined && model !== 'NOT_PROVIDED' && model !== '' && { provenance: { model } }),
  };
}

function partsOf(folder: string, { data_path: path }: Namespace): string[] {
  // Some versions begin the path with the folder's own name.
  const below =
    [path, path.split('/').slice(1).join('/')].find((each) => existsSync(join(folder, each))) ?? path;
  const place = resolve(folder, below);
  if (place !== resolve(folder) && !place.startsWith(resolve(folder) + sep))
    throw new InputError('leads out of the folder', { where: join(folder, META), got: path });
  const names = existsSync(place) ? readdirSync(place).filter((name) => name.endsWith('.parquet')) : [];
  if (names.length === 0)
    throw new InputError('there are no Parquet files, which the description names', { where: place });
  return names.sort(byName).map((name) => join(place, name));
}

function countNotes({
  namespace,
  total_vector_count: total,
  exported_vector_count: exported,
}: Namespace): string[] {
  if (typeof total !== 'number' || typeof exported !== 'number' || total === exported) return [];
  return [
    `vector-io counted ${total} vectors in namespace "${namespace}" and exported ${exported}: the others are not here`,
  ];
}
