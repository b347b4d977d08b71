import { resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { suggest } from '../../common/nearest.js';
import type { DatasetInfo, MetadataColumns } from '../../datasets/dataset.js';
import { openDataset } from '../../datasets/open.js';
import { type PreparedMetadata, prepareMetadata } from '../../datasets/prepare.js';
import { compile } from '../../filters/compile.js';
import { parseFilter } from '../../filters/parse.js';
import { openOptions } from '../../harness/app/dataset-options.js';
import { displayPath, locate } from '../../harness/app/places.js';
import { columnsOf } from '../../harness/app/selections.js';
import { Random } from '../../harness/measures/random.js';
import { type Generated, generateQueries } from '../../harness/suite/generate-queries.js';
import { GROUP_NAMES, type GroupName } from '../../harness/suite/query-groups.js';
import type { CommandContext } from '../context.js';
import { type DatasetArguments, datasetOptionsOf } from '../dataset-options.js';

export interface QueriesCommand extends DatasetArguments {
  out: string;
  set?: string;
  seed: number;
  perGroup: number;
  k: number;
  groups?: string[];
  selectivity: string[];
  tenant?: string;
  fields?: string[];
}

/** `vecproof queries`: groups of filtered queries, derived from a dataset's metadata. */
export async function queriesCommand(
  name: string,
  options: QueriesCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const groups = known('--groups', options.groups, GROUP_NAMES) as GroupName[];
  const selectivities = options.selectivity.map(shareOf);
  const dataset = await openDataset(locate(name, context.cwd), {
    baseFolder: context.cwd,
    cacheFolder: context.cache,
    signal: context.signal,
    ...openOptions(datasetOptionsOf(options, context.cwd)),
  });
  try {
    const { info } = dataset;
    for (const warning of info.warnings ?? []) context.err.write(`warning: ${warning}\n`);
    const names = info.fields.map((field) => field.name);
    const wanted = known('--fields', options.fields, names);
    if (options.tenant !== undefined) known('--tenant', [options.tenant], wanted);
    if (wanted.length === 0) {
      throw new InputError('the dataset declares no metadata', {
        where: info.source,
        next: 'give one with fields',
      });
    }
    const set = await dataset.queries(options.set ?? info.querySets[0]!.name);
    const { cache: cacheFolder, signal } = context;
    const metadata = await prepareMetadata(dataset, wanted, { cacheFolder, signal });
    const generated = generateFrom(info, metadata, { ...options, groups, selectivities, queryIds: set.ids });
    metadata.close();
    const path = resolve(context.cwd, options.out);
    writeFileAtomic(path, fileText(info, set.name, options, generated));
    for (const note of generated.notes) context.err.write(`note: ${note}\n`);
    context.out.write(`wrote ${generated.queries.length} queries to ${displayPath(path, context.cwd)}\n`);
    return EXIT.passed;
  } finally {
    await dataset.close();
  }
}

function generateFrom(
  info: DatasetInfo,
  metadata: PreparedMetadata,
  options: Omit<QueriesCommand, 'groups'> & {
    groups: GroupName[];
    selectivities: number[];
    queryIds: readonly string[];
  },
): Generated {
  const store = columnsOf(metadata);
  const columns: MetadataColumns = metadata.read(0, metadata.count).columns;
  const { fields } = metadata;
  return generateQueries(fields, columns, {
    ...options,
    tenant: options.tenant,
    random: new Random(options.seed),
    countOf: (filter) => {
      const parsed = parseFilter(filter, info.fields);
      if (parsed.state === 'invalid')
        throw new Error(`generated a filter that is none: ${JSON.stringify(filter)}`);
      return compile(parsed.filter, store).count();
    },
  });
}

/** A head for people, then one query a line; each group begins with what its filters let through. */
function fileText(info: DatasetInfo, set: string, { seed }: QueriesCommand, { queries }: Generated): string {
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

function known(where: string, given: string[] | undefined, names: readonly string[]): string[] {
  for (const name of given ?? []) {
    if (names.includes(name)) continue;
    throw new InputError(suggest('unknown name', name, names, ''), {
      where,
      got: name,
      next: `use one of ${names.join(', ')}`,
    });
  }
  return given ?? [...names];
}

function shareOf(text: string): number {
  const share = Number(text);
  if (share > 0 && share < 1) return share;
  throw new InputError('must be shares between 0 and 1', { where: '--selectivity', got: text });
}
