import { describe, expect, it } from 'vitest';
import type { FieldSchema, MetadataColumns } from '../../../datasets/dataset.js';
import { conditionsOf } from '../../../filters/filter.js';
import { matches } from '../../../filters/matches.js';
import { parseFilter } from '../../../filters/parse.js';
import { Random } from '../../../harness/measures/random.js';
import { type GenerateOptions, generateQueries } from '../../../harness/suite/generate-queries.js';
import { GROUP_NAMES } from '../../../harness/suite/query-groups.js';

const COUNT = 400;
const fields: FieldSchema[] = [
  { name: 'section', type: 'string', nullable: false },
  { name: 'owner', type: 'string', nullable: true },
  { name: 'size', type: 'integer', nullable: true },
  { name: 'big', type: 'integer', nullable: false },
  { name: 'uploaded', type: 'timestamp', nullable: false },
  { name: 'tags', type: 'string[]', nullable: true },
];
/** Rows of a shop's catalog: 25 owners, a size that is often missing, 64-bit numbers, moments, lists. */
const columns: MetadataColumns = {
  section: Array.from({ length: COUNT }, (_, i) => (i < 300 ? 'libs' : `rare-${i % 7}`)),
  owner: Array.from({ length: COUNT }, (_, i) => (i % 9 === 0 ? null : `owner ${i % 25}`)),
  size: Array.from({ length: COUNT }, (_, i) => (i % 3 === 0 ? null : (i * 37) % 211)),
  big: Array.from({ length: COUNT }, (_, i) => 2n ** 60n + BigInt(i % 40)),
  uploaded: Array.from({ length: COUNT }, (_, i) => 1_700_000_000_000_000n + BigInt(i) * 3_600_000_001n),
  tags: Array.from({ length: COUNT }, (_, i) =>
    i % 5 === 0 ? null : i % 5 === 1 ? [] : [`t${i % 4}`, `t${i % 6}`],
  ),
};

/** The rows that pass, by the row-wise evaluator and not by the compiled scan that the command counts with. */
function rowsOf(given: unknown): number[] {
  const parsed = parseFilter(given, fields);
  if (parsed.state === 'invalid') throw new Error(JSON.stringify(parsed.faults));
  const rows = Array.from({ length: COUNT }, (_, row) => row);
  return rows.filter((row) => matches(parsed.filter, (name) => columns[name]![row] ?? null));
}

function generate(changes: Partial<GenerateOptions> = {}, of = fields, from = columns) {
  return generateQueries(of, from, {
    queryIds: ['q1', 'q2', 'q3'],
    groups: GROUP_NAMES,
    perGroup: 12,
    k: 10,
    selectivities: [0.01, 0.2],
    tenant: undefined,
    random: new Random(7),
    countOf: (filter) => rowsOf(filter).length,
    ...changes,
  });
}

describe('generated queries', () => {
  const { queries, notes } = generate();
  const group = (name: string) => queries.filter((query) => query.group === name);
  const counts = (name: string) => group(name).map(({ filter }) => rowsOf(filter).length);

  it('are as many of each group as were asked for, with ids of their own and queries of the set', () => {
    expect(notes).toEqual([]);
    for (const name of GROUP_NAMES) expect(group(name), name).toHaveLength(12);
    expect(new Set(queries.map(({ id }) => id)).size).toBe(queries.length);
    for (const { query } of queries) expect(['q1', 'q2', 'q3']).toContain(query);
  });

  it('carry the number of points that really pass', () => {
    for (const { filter, matches: told } of queries) expect(rowsOf(filter)).toHaveLength(told);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(generate().queries).toEqual(queries);
    expect(generate({ random: new Random(8) }).queries).not.toEqual(queries);
  });

  it('negative: nothing passes; restrictive: 1 to k; broad: more than half', () => {
    expect(new Set(counts('negative'))).toEqual(new Set([0]));
    for (const count of counts('restrictive')) {
      expect(count).toBeGreaterThanOrEqual(1);
      expect(count).toBeLessThanOrEqual(10);
    }
    for (const count of counts('broad')) expect(count).toBeGreaterThan(COUNT / 2);
  });

  it('tenant: the rows of exactly one owner, whose field is named', () => {
    for (const { filter, tenant } of group('tenant')) {
      expect(tenant).toBe('owner');
      const owners = new Set(rowsOf(filter).map((row) => columns['owner']![row]));
      expect(owners.size).toBe(1);
      expect(filter).toEqual({ owner: [...owners][0] });
    }
    const chosen = generate({ tenant: 'section', groups: ['tenant'] }).queries;
    expect(chosen.map(({ tenant }) => tenant)).toEqual(Array(12).fill('section'));
  });

  it('recency: a range of numbers or times; null-sensitive: a field with nulls; array: an operator of arrays', () => {
    const uses = (name: string) =>
      group(name).flatMap(({ filter }) => {
        const parsed = parseFilter(filter, fields);
        return parsed.state === 'ok' ? conditionsOf(parsed.filter) : [];
      });
    for (const { op, field } of uses('recency')) {
      expect(['gte', 'lt']).toContain(op);
      expect(['size', 'big', 'uploaded']).toContain(field.name);
    }
    for (const { field } of uses('null-sensitive')) expect(columns[field.name]).toContain(null);
    for (const { op } of uses('array')) expect(['contains', 'containsAny', 'containsAll']).toContain(op);
    expect(new Set(uses('recency').map(({ field }) => field.name)).size).toBeGreaterThan(1);
  });

  it('survive being written and read as JSON, 64-bit numbers and moments included', () => {
    const read = JSON.parse(JSON.stringify(queries)) as typeof queries;
    for (const [i, { filter }] of read.entries()) expect(rowsOf(filter)).toEqual(rowsOf(queries[i]!.filter));
    expect(JSON.stringify(queries)).toMatch(/"115292150460684\d{4}"/);
    expect(JSON.stringify(queries)).toMatch(/"2023-11-\d\dT[\d:.]+Z"/);
  });
});

describe('what the metadata does not allow', () => {
  it('is told with what it needs, and the other groups are made all the same', () => {
    const only = fields.slice(0, 1);
    const from = { section: Array<string>(COUNT).fill('libs') };
    const { queries, notes } = generate({}, only, from);
    expect(new Set(queries.map(({ group }) => group))).toEqual(new Set(['broad']));
    expect(notes).toEqual([
      'negative: 0 of 12; needs values of two fields that no point has together',
      'restrictive: 0 of 12; needs values that at most k points have together',
      'tenant: 0 of 12; needs a text field that says whose a point is; name it with --tenant',
      'recency: 0 of 12; needs a field of numbers or times',
      'null-sensitive: 0 of 12; needs a field that is null in some points',
      'array: 0 of 12; needs a field of arrays',
    ]);
  });
});
