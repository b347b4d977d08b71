import { expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import { Random } from '../../../harness/measures/random.js';
import { ReembeddingWatch } from '../../../migration/cutover/reembedding.js';

const point = (...values: number[]): Point => ({
  id: 'a',
  text: 'the same text',
  vectors: { vector: Float32Array.from(values) },
  metadata: {},
});
const same = { before: point(1, 0), after: point(1, 0) };
const anew = { before: point(1, 0), after: point(0, 1) };
const times = (count: number, update: typeof same) => Array.from({ length: count }, () => update);

test('years of updates with the same vectors do not hide that rows are embedded anew', () => {
  let watch = new ReembeddingWatch();
  for (let day = 0; day < 1000; day++) watch = watch.with(times(10, same));
  expect(watch.evident).toBe(false);
  for (let i = 0; i < 200; i++) watch = watch.with([anew]);
  expect(watch.evident).toBe(true);
  expect(watch.counts.of).toBeLessThanOrEqual(100);
});

test('some corrections among other updates are no other model', () => {
  let watch = new ReembeddingWatch();
  for (let i = 0; i < 1000; i++) watch = watch.with([anew, same, same]);
  expect(watch.evident).toBe(false);
});

/** Vectors of two models without a text beside them: 20 topics, each a direction with noise. */
const DIMENSIONS = 32;
function models(seed: number) {
  const source = new Random(seed);
  const random = () => source.uint32() / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const vector = (scale: number) => Float32Array.from({ length: DIMENSIONS }, () => scale * normal());
  const add = (a: Float32Array, b: Float32Array) => a.map((each, i) => each + b[i]!);
  const [one, other] = [0, 1].map(() => Array.from({ length: 20 }, () => vector(1)));
  return {
    near: (to: Float32Array, noise = 0.3) => add(to, vector(noise)),
    row: () => add(one![Math.floor(20 * random())]!, vector(0.5)),
    otherModel: () => add(other![Math.floor(20 * random())]!, vector(0.5)),
  };
}
const wordless = (before: Float32Array, after: Float32Array, title = 'one title of words') => ({
  before: { id: 'a', vectors: { vector: before }, metadata: { title: 'one title of words', at: 1 } },
  after: { id: 'a', vectors: { vector: after }, metadata: { title, at: 2 } },
});
function watched(update: () => ReturnType<typeof wordless>, count = 100): ReembeddingWatch {
  let watch = new ReembeddingWatch();
  for (let i = 0; i < count; i++) watch = watch.with([update()]);
  return watch;
}

test.each([1, 2, 3])(
  'rows without a text are seen to be embedded anew by how their vectors lie (%i)',
  (seed) => {
    const { row, near, otherModel } = models(seed);
    const anew = watched(() => wordless(row(), otherModel()));
    expect(anew.words).toBe(
      'the last 100 updates gave rows vectors that have nothing to do with their former ones, and no neighbours among them',
    );
    expect(watched(() => wordless(row(), otherModel()), 39).evident, 'a few say nothing').toBe(false);
    // What is no other model: edits, rows that get another content, and both.
    const edit = () => {
      const before = row();
      return wordless(before, near(before));
    };
    expect(watched(edit).evident).toBe(false);
    expect(watched(() => wordless(row(), row())).evident).toBe(false);
    let n = 0;
    expect(watched(() => (n++ % 3 === 0 ? edit() : wordless(row(), row()))).evident).toBe(false);
    expect(
      watched(() => wordless(row(), otherModel(), 'another title of words')).evident,
      'another content',
    ).toBe(false);
    // Among edits, once they are most of the last updates.
    expect(watched(() => (n++ % 4 === 0 ? edit() : wordless(row(), otherModel())), 200).evident).toBe(true);
  },
);

test('a row that says that its vector comes from another model needs no text', () => {
  const said = (model: string, ...values: number[]): Point => ({
    ...{ id: 'a', vectors: { vector: Float32Array.from(values) }, metadata: {} },
    provenance: { model },
  });
  const updates = (count: number) =>
    new ReembeddingWatch().with(
      Array.from({ length: count }, () => ({ before: said('one', 1, 0), after: said('two', 0, 1) })),
    );
  expect(updates(20).evident).toBe(true);
  expect(updates(19).evident).toBe(false);
});
