import { expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import type { Place } from '../../../migration/probe/place.js';
import { VerifyReport } from '../../../migration/verify/findings.js';
import { checkRetrieval } from '../../../migration/verify/live-checks.js';

const COUNT = 100;
const FIELD = { name: 'v', kind: 'dense', type: 'f32', dimensions: COUNT, metric: 'cosine' } as const;

/** Each in a direction of its own. */
const points = Array.from({ length: COUNT }, (_, i): Point => {
  const v = new Float32Array(COUNT);
  v[i] = 1;
  return { id: `p${i}`, vectors: { v }, metadata: {} };
});

/** A collection whose index does not lead to the first `lost` points, and which compares all points where it can. */
function placeWith(lost: number, exact: boolean): Place {
  const answer = (first: number) => async () => ({
    query: (vector: Float32Array) => {
      const own = vector.findIndex((x) => x !== 0);
      const key = own < first ? `p${(own + 1) % COUNT === 0 ? 1 : COUNT - 1}` : `p${own}`;
      return { keys: [key], scores: [0] };
    },
    close: async () => undefined,
  });
  const collection = {
    prepare: answer(lost),
    ...(exact && { prepareExact: answer(0) }),
    points: { get: async (ids: readonly string[]) => points.filter(({ id }) => ids.includes(id as string)) },
  };
  const definition = {
    optionSchemas: () => ({ index: {}, search: {} }),
    parseOptions: () => ({ state: 'ok', index: {}, search: {}, variant: 'x' }),
  };
  const description = { spec: { vectors: [FIELD] }, index: { type: 'hnsw' } };
  return { shape: { vectors: [FIELD] }, live: { collection, definition, description } } as unknown as Place;
}

async function retrieval(lost: number, exact: boolean) {
  const report = new VerifyReport();
  await checkRetrieval(placeWith(lost, exact), points, report);
  const { state, what } = report.outcomes(false).find(({ check }) => check === 'retrieval')!;
  return { state, what, found: report.findings.map(({ finding, what: words }) => `${finding}: ${words}`) };
}

test('what an approximate index misses by design, and an exhaustive search finds, is told and no difference', async () => {
  expect(await retrieval(0, true)).toEqual({
    state: 'same',
    what: '100 of 100 sampled points found among their 10 nearest',
    found: [],
  });
  expect(await retrieval(5, true)).toEqual({
    state: 'same',
    what: '100 of 100 sampled points found among their 10 nearest, 5 of them by an exhaustive search alone',
    found: [],
  });
});

test('an index that misses more has lost them', async () => {
  const { state, what, found } = await retrieval(6, true);
  expect(state).toBe('different');
  expect(what).toBe('94 of 100 sampled points found among their 10 nearest');
  expect(found).toEqual([
    'not-retrieved: 6 of 100 sampled points are not among the 10 nearest of their own vector',
  ]);
});

test('where the engine cannot compare all points, each that is not found is a difference', async () => {
  expect((await retrieval(1, false)).found).toEqual([
    'not-retrieved: 1 of 100 sampled points are not among the 10 nearest of their own vector',
  ]);
});
