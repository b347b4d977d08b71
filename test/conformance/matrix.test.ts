import { describe, expect, test } from 'vitest';
import { METRICS } from '../../datasets/dataset.js';
import { recall, slice } from './data.js';
import { DECLARED, exhaustiveSetting } from './declared.js';
import { build, contenders, mayOverlap, parsed, rowsOf } from './session.js';

/** Enough for every kind to train: pq of 8 bits needs 256 points, and LanceDB warns below 1024. */
const COUNT = 1100;
const QUERIES = 40;

/** Every index type, quantization and metric that an engine declares is built, or refused beforehand with a reason. */
for (const { name, definition, missing, suffix, standIn } of contenders.filter(
  ({ name }) => name !== 'null',
)) {
  const declared = DECLARED[name]!;
  // More threads leave points of a usearch graph without a path to them now and then.
  const threads = definition.capabilities.deterministicBuild === 'never' ? 2 : 1;
  describe.skipIf(missing !== undefined)(
    `${name}${suffix}`,
    { concurrent: mayOverlap(definition, standIn) },
    () => {
      const kinds = Object.entries(definition.capabilities.indexTypes).flatMap(([type, quantizations]) =>
        quantizations.map((quantization) => `${type} ${quantization}`),
      );

      test('declares an exhaustive search of each index type, and has a floor for each quantization', () => {
        const { exhaustive = {}, indexTypes } = definition.capabilities;
        expect(Object.keys(exhaustive).sort()).toEqual(Object.keys(indexTypes).sort());
        expect(Object.keys(declared.kinds).sort()).toEqual([...kinds].sort());
        expect(Object.keys(declared.floor).sort()).toEqual([...kinds].sort());
      });

      test.each(kinds.filter((kind) => kind.endsWith(' none')))(
        '%s: what scans every point is exact',
        (kind) => {
          const { kind: how } = definition.capabilities.exhaustive![kind.split(' ')[0]!]!;
          const floors = Object.values(declared.floor[kind]!).filter((floor) => !Number.isNaN(floor));
          if (how === 'scan') expect(floors.every((floor) => floor === 1)).toBe(true);
          else expect(kind).toMatch(/^hnsw /);
        },
      );

      /** As many points as the engine says that it visits, and not one more. */
      const count = Math.min(COUNT, declared.visits ?? COUNT);
      for (const kind of kinds) {
        for (const metric of METRICS) {
          const options = exhaustiveSetting(definition, kind, count);
          const floor = declared.floor[kind]![metric];
          const { index, search } = parsed(definition, options);
          const shape = { metric, dimensions: 384, count, k: 10 };

          if (Number.isNaN(floor)) {
            test(`${kind} under ${metric} is refused while planning`, () => {
              const issues = definition.checkData(shape, index, search);
              expect(issues).toHaveLength(1);
              expect(issues[0]!.message).toContain(metric);
            });
            continue;
          }
          test(`${kind} under ${metric} reaches recall ${floor} with an exhaustive search`, async () => {
            expect(definition.checkData(shape, index, search)).toEqual([]);
            const data = await slice(metric, count, QUERIES);
            const session = await build(definition, data, { index: options.index, threads });
            const found = recall(data, rowsOf(await session.search(options.search, 10)), 10);
            await session.close();
            expect(found).toBeGreaterThanOrEqual(floor);
          });
        }
      }
    },
  );
}

/** A weakness of the engine that its remarks warn of; once this fails, the engine has fixed it and the remark goes. */
test.skipIf(contenders.find(({ name }) => name === 'lancedb')!.missing)(
  'lancedb hnsw sq8 finds less under dot than under cosine, which ranks unit vectors the same',
  async () => {
    const { definition } = contenders.find(({ name }) => name === 'lancedb')!;
    const data = await slice('cosine', 2000, QUERIES);
    const found: number[] = [];
    for (const metric of ['cosine', 'dot'] as const) {
      const session = await build(definition, { ...data, metric }, { index: { type: 'hnsw' }, threads: 2 });
      found.push(recall(data, rowsOf(await session.search({ ef: 1000 }, 10)), 10));
      await session.close();
    }
    expect(found[1]).toBeLessThan(found[0]! - 0.1);
  },
);
