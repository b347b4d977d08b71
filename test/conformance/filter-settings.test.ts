import { describe, expect, test } from 'vitest';
import type { OptionsInput } from '../../engines/contract/options.js';
import type { Filter } from '../../filters/filter.js';
import { slice } from './data.js';
import { answerOf, build, contenders, type Session } from './session.js';

const COUNT = 3000;
const QUERIES = 20;
/** One point of 100 passes. */
const RARE: Filter = { op: 'eq', field: { name: 'group', type: 'string' }, value: 'rare' };

/** Points with a group that has nothing to do with where they are. */
async function grouped() {
  const data = await slice('cosine', COUNT, QUERIES);
  const group = Array.from({ length: COUNT }, (_, row) => (row % 100 === 0 ? 'rare' : 'common'));
  return {
    ...data,
    fields: [{ name: 'group', type: 'string', nullable: false } as const],
    metadata: { group },
  };
}

/** Hits of each query under the filter, and how its searches are planned; every hit has to pass. */
async function ask(session: Session, queries: readonly Float32Array[], search: OptionsInput['search']) {
  const prepared = await session.collection.prepare(session.parseSearch(search), 10);
  const native = await prepared.translate!(RARE);
  const counts: number[] = [];
  for (const query of queries) {
    const { rows } = answerOf(await prepared.query(query, native));
    expect(rows.filter((row) => row % 100 !== 0)).toEqual([]);
    counts.push(rows.length);
  }
  const plans = prepared.effective?.['filterPlans'];
  await prepared.close();
  return { counts, plans };
}

const full = Array<number>(QUERIES).fill(10);
const sum = (counts: readonly number[]) => counts.reduce((all, each) => all + each, 0);
const contender = (name: string) => contenders.find((each) => each.name === name)!;

/** What the settings that matter under filters do, for engines that have them. */
describe('settings under a filter that 1% pass', () => {
  const lancedb = contender('lancedb');
  test.skipIf(lancedb.missing)('lancedb: postfilter returns what passes of k hits, prefilter k', async () => {
    const data = await grouped();
    const session = await build(lancedb.definition, data, { index: { type: 'ivf', nlist: 4 } });
    expect((await ask(session, data.queries, { nprobe: 4 })).counts).toEqual(full);
    const after = await ask(session, data.queries, { nprobe: 4, postfilter: true });
    expect(sum(after.counts)).toBeLessThan(QUERIES * 2);
    await session.close();
  });

  const pgvector = contender('pgvector');
  test.skipIf(pgvector.missing)(
    'pgvector: a graph returns few unless the scan goes on, or the planner takes the field’s index',
    async () => {
      const data = await grouped();
      const graph = await build(pgvector.definition, data, { index: {} });
      const off = await ask(graph, data.queries, { ef: 40 });
      expect(sum(off.counts)).toBeLessThan(QUERIES * 5);
      expect(off.plans).toBe('vector index 1');
      for (const iterativeScan of ['strict', 'relaxed']) {
        const on = await ask(graph, data.queries, { ef: 40, iterativeScan });
        expect(on).toEqual({ counts: full, plans: 'vector index 1' });
      }
      await graph.close();
      const both = await build(pgvector.definition, data, { index: { payloadIndex: true } });
      expect(both.readiness.details['fieldIndexes']).toBe(1);
      const planned = await ask(both, data.queries, { ef: 40 });
      expect(planned).toEqual({ counts: full, plans: 'field index 1' });
      await both.close();
    },
  );
});
