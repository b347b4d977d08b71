import { resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { suggest } from '../../common/nearest.js';
import type { DatasetInfo } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import { type PreparedMetadata, prepareMetadata } from '../../datasets/prepare.js';
import { compile } from '../../filters/compile.js';
import { parseFilter } from '../../filters/parse.js';
import { Random } from '../measures/random.js';
import { type Generated, generateQueries } from '../suite/generate-queries.js';
import { GROUP_NAMES, type GroupName } from '../suite/query-groups.js';
import { type Context, warn } from './context.js';
import { type DatasetOptions, openOptions } from './dataset-options.js';
import { locate } from './places.js';
import { columnsOf } from './selections.js';

export interface QueriesRequest {
  /** Catalog name or path. */
  dataset: string;
  /** How it is read. */
  options: DatasetOptions;
  /** File to write: JSON Lines for `queries.file` of a suite. */
  out: string;
  /** Query set whose vectors are taken; default: the first. */
  set?: string | undefined;
  /** The same seed gives the same file. */
  seed: number;
  /** Queries of each group. */
  perGroup: number;
  /** Most points that a restrictive filter lets through. */
  k: number;
  /** Default: all that the metadata allows. */
  groups?: readonly string[] | undefined;
  /** Shares of the points that ranges let through, each between 0 and 1. */
  selectivities: readonly number[];
  /** Field that says whose a point is; default: one is chosen. */
  tenant?: string | undefined;
  /** Default: all. */
  fields?: readonly string[] | undefined;
}

/** What was written, and why it may be less than was asked for. */
export interface WrittenQueries {
  path: string;
  queries: number;
  notes: string[];
}

/**
 * Derives groups of filtered queries from a dataset's metadata and writes them to a file that people can edit.
 * @throws InputError for unknown names, and for a dataset without metadata
 */
export async function queriesToFile(request: QueriesRequest, context: Context): Promise<WrittenQueries> {
  const { cwd, cache: cacheFolder, signal } = context;
  const groups = known('--groups', request.groups, GROUP_NAMES);
  const dataset = await openDataset(locate(request.dataset, cwd), {
    baseFolder: cwd,
    cacheFolder,
    signal,
    ...openOptions(request.options),
  });
  try {
    const { info } = dataset;
    for (const warning of info.warnings ?? []) warn(context, warning);
    const fields = fieldsOf(info, request);
    const set = await dataset.queries(request.set ?? info.querySets[0]!.name);
    const metadata = await prepareMetadata(dataset, fields, { cacheFolder, signal });
    try {
      const generated = generateFrom(info, metadata, request, groups, set.ids);
      const path = resolve(cwd, request.out);
      writeFileAtomic(path, fileText(info, set.name, request.seed, generated), { shared: true });
      return { path, queries: generated.queries.length, notes: generated.notes };
    } finally {
      metadata.close();
    }
  } finally {
    await dataset.close();
  }
}

function fieldsOf(info: DatasetInfo, { fields, tenant }: QueriesRequest): string[] {
  const names = info.fields.map((field) => field.name);
  const wanted = known('--fields', fields, names);
  if (tenant !== undefined) known('--tenant', [tenant], wanted);
  if (wanted.length > 0) return wanted;
  throw new InputError('the dataset declares no metadata', {
    where: info.source,
    next: 'give one with fields',
  });
}

function generateFrom(
  info: DatasetInfo,
  metadata: PreparedMetadata,
  { perGroup, k, selectivities, tenant, seed }: QueriesRequest,
  groups: readonly GroupName[],
  queryIds: readonly string[],
): Generated {
  const store = columnsOf(metadata);
  const { columns } = metadata.read(0, metadata.count);
  return generateQueries(metadata.fields, columns, {
    perGroup,
    k,
    selectivities,
    tenant,
    groups,
    queryIds,
    random: new Random(seed),
    countOf: (filter) => {
      const parsed = parseFilter(filter, info.fields);
      if (parsed.state === 'invalid')
        throw new Error(`generated a filter that is none: ${JSON.stringify(filter)}`);
      return compile(parsed.filter, store).count();
    },
  });
}

/** A head for people, then one query a line; each group begins with what its filters let through. */
function fileText(info: DatasetInfo, set: string, seed: number, { queries }: Generated): string {
  const lines = [
    `# Queries with filters, derived from ${info.name} (set ${set}, seed ${seed}) by "vecproof queries".`,
    '# One JSON object a line: id, query (an id of the set) or vector, filter, group, tenant, k, judgements.',
    '# Edit as you like; lines that begin with # are left out.',
  ];
  let group = '';
  for (const { matches: _, ...query } of queries) {
    if (query.group !== group) {
      group = query.group;
      const counts = queries.filter((each) => each.group === group).map(({ matches }) => matches);
      lines.push(
        '',
        `# ${group}: ${Math.min(...counts)} to ${Math.max(...counts)} of ${info.count} points pass`,
      );
    }
    lines.push(JSON.stringify(query));
  }
  return `${lines.join('\n')}\n`;
}

/** The names given, all of which have to be known; all known ones if none are given. */
function known<T extends string>(
  where: string,
  given: readonly string[] | undefined,
  names: readonly T[],
): T[] {
  if (given === undefined) return [...names];
  return given.map((name) => {
    const found = names.find((each) => each === name);
    if (found !== undefined) return found;
    throw new InputError(suggest('unknown name', name, names, ''), {
      where,
      got: name,
      next: `use one of ${names.join(', ')}`,
    });
  });
}
