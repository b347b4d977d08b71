import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FieldSchema, MetadataColumns } from '../../../datasets/dataset.js';
import type { PreparedMetadata } from '../../../datasets/prepare.js';
import type { EngineDefinition } from '../../../engines/contract/engine.js';
import { loadEngine } from '../../../engines/registry.js';
import type { Filter } from '../../../filters/filter.js';
import { parseFilter } from '../../../filters/parse.js';
import { withRefusals } from '../../../harness/app/refused-groups.js';
import type { GroupedQuery } from '../../../harness/app/run-queries.js';
import { FLAW } from '../../../harness/measures/filters.js';
import type { PlannedBuild } from '../../../harness/model/plan.js';
import { SERIAL } from '../../../harness/model/workload.js';
import { findFlaws, jobFiltering, loadedFields } from '../../../harness/run/filtering.js';
import { emptySamples, readSamples, writeSamples } from '../../../harness/store/samples.js';

const fields: FieldSchema[] = [
  { name: 'section', type: 'string', nullable: false },
  { name: 'owner', type: 'string', nullable: true },
  { name: 'size', type: 'integer', nullable: true },
];
const columns: MetadataColumns = {
  section: ['libs', 'libs', 'perl', 'perl'],
  owner: ['me', 'you', 'me', null],
  size: [1, 2, null, 4],
};
/** What is asked of prepared metadata: whole rows. */
const metadata = {
  fields,
  count: 4,
  read: (start: number, count: number) => ({
    ids: [],
    columns: Object.fromEntries(fields.map(({ name }) => [name, columns[name]!.slice(start, start + count)])),
  }),
} as unknown as PreparedMetadata;

function parsed(given: unknown): Filter {
  const result = parseFilter(given, fields);
  if (result.state === 'invalid') throw new Error(JSON.stringify(result.faults));
  return result.filter;
}

function query(group: string, given: unknown, tenant?: string): GroupedQuery {
  const filter = given === undefined ? null : parsed(given);
  const text = given === undefined ? null : JSON.stringify(given);
  const owner = tenant === undefined ? null : { field: 'owner', filter: parsed({ owner: tenant }) };
  return { id: `${group} ${text}`, source: 0, k: 3, group, filter, text, tenant: owner, where: '' };
}

const build: PlannedBuild = {
  id: 'b',
  engine: 'x',
  series: 'x',
  index: {},
  trials: [{ id: 't', search: {}, workload: SERIAL }],
};

describe('the rows an engine returned', () => {
  const queries = [
    query('broad', { section: 'libs' }),
    query('tenant', { owner: 'me', size: { $gte: 1 } }, 'me'),
    query('unfiltered', undefined),
    query('tenant', { owner: 'me' }, 'me'),
  ];
  const filtering = jobFiltering({ queries, metadata: { folder: '', fields }, extraFields: [] }, build);
  const samples = emptySamples(5, 3);
  // Row 3 has no owner and is a stranger's; -1 is a key that is no point of the dataset.
  const answers: [query: number, returned: number, rows: number[]][] = [
    [0, 3, [0, 2, 1]],
    [1, 3, [0, 2, 1]],
    [2, 3, [0, 1, 3]],
    [3, 2, [3, -1, 1]],
    [0, -1, [2, 2, 2]],
  ];
  for (const [i, [q, returned, rows]] of answers.entries()) {
    samples.query[i] = q;
    samples.returned[i] = returned;
    samples.rows.set(rows, i * 3);
  }
  findFlaws(samples, filtering, metadata);

  it('are held against the filter, and against whose rows the query may see', () => {
    const both = FLAW.filter + FLAW.tenant;
    expect([...samples.flaws!.subarray(0, 3)]).toEqual([0, FLAW.filter, 0]);
    // Row 2 is its own but has no size; row 1 has a size and is another's.
    expect([...samples.flaws!.subarray(3, 6)]).toEqual([0, FLAW.filter, both]);
    expect([...samples.flaws!.subarray(9, 12)]).toEqual([both, 0, 0]);
  });

  it('are not held against anything without a filter, nor where the query failed', () => {
    expect([...samples.flaws!.subarray(6, 9)]).toEqual([0, 0, 0]);
    expect([...samples.flaws!.subarray(12, 15)]).toEqual([0, 0, 0]);
  });

  it('keep their flaws on disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vecproof-flaws-'));
    afterAll(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 't.parquet');
    writeSamples(path, samples);
    expect([...(await readSamples(path, 3)).flaws!]).toEqual([...samples.flaws!]);
  });

  it('lead to the fields that the engine must load, and no other', () => {
    expect(loadedFields(filtering)!.map(({ name }) => name)).toEqual(['section', 'owner', 'size']);
    const some = jobFiltering(
      { queries, metadata: { folder: '', fields }, extraFields: [] },
      { ...build, refused: { tenant: 'x: cannot' } },
    );
    expect(loadedFields(some)!.map(({ name }) => name)).toEqual(['section']);
    expect([...some.send]).toEqual([0, 2]);
  });
});

describe('groups that an engine refuses', async () => {
  const grouped = [
    query('plain', undefined),
    query('sections', { section: { $in: ['libs'] } }),
    query('prefixes', { section: { $startsWith: 'li' } }),
    query('prefixes', { section: 'libs' }),
    query('ranges', { size: { $gt: 1 } }),
  ];
  const chroma = await loadEngine('chroma');
  const refusalsOf = (definition: EngineDefinition, queries: readonly GroupedQuery[], extra: string[] = []) =>
    withRefusals(
      [build],
      new Map([['x', definition]]),
      { grouped: queries, info: { fields } as never },
      extra,
    );

  it('are named with the operator and why; the others are measured', () => {
    const { builds, unfit } = refusalsOf(chroma, grouped);
    expect(Object.keys(builds[0]!.refused!)).toEqual(['prefixes']);
    expect(builds[0]!.refused!['prefixes']).toMatch(/^chroma: \$startsWith is not supported: Chroma has no/);
    expect(unfit.size).toBe(0);
  });

  it('skip the trial where no group is left', () => {
    const { unfit } = refusalsOf(chroma, grouped.slice(2, 4));
    expect(unfit.get('t')).toContain('$startsWith is not supported');
  });

  it('are all with a filter where the engine has none', async () => {
    const { builds, unfit } = refusalsOf(await loadEngine('usearch'), grouped);
    expect(Object.keys(builds[0]!.refused!)).toEqual(['sections', 'prefixes', 'ranges']);
    expect(builds[0]!.refused!['ranges']).toBe('usearch: has no filters');
    expect(unfit.size).toBe(0);
  });

  it('are none where the engine has all operators', async () => {
    expect(refusalsOf(await loadEngine('sqlite-vec'), grouped).builds).toEqual([build]);
  });

  it('skip every trial where the engine cannot keep a field that the suite loads in any case', async () => {
    const { unfit } = refusalsOf(await loadEngine('usearch'), grouped, ['size']);
    expect(unfit.get('t')).toBe('usearch keeps no metadata');
  });
});
