import { NUMBER_METRICS } from '../../datasets/dataset.js';
import type { TestApi } from './api.js';
import { recall, slice } from './data.js';
import { build, type Contender, parsed, rowsOf } from './session.js';
import { exhaustiveSetting } from './settings.js';

/** Enough for every kind to train: pq of 8 bits needs 256 points, and LanceDB warns below 1024. */
const COUNT = 1100;
const QUERIES = 40;

/** Every index type, quantization and metric that an engine declares is built, or refused beforehand with a reason. */
export function checkMatrix({ test, expect }: TestApi, contender: Contender): void {
  const { definition, facts } = contender;
  // More threads leave points of a usearch graph without a path to them now and then.
  const threads = definition.capabilities.deterministicBuild === 'never' ? 2 : 1;
  const kinds = Object.entries(definition.capabilities.indexTypes).flatMap(([type, quantizations]) =>
    quantizations.map((quantization) => `${type} ${quantization}`),
  );

  test('declares an exhaustive search of each index type, and has a floor for each quantization', () => {
    const { exhaustive = {}, indexTypes } = definition.capabilities;
    expect(Object.keys(exhaustive).sort()).toEqual(Object.keys(indexTypes).sort());
    expect(Object.keys(facts.kinds).sort()).toEqual([...kinds].sort());
    expect(Object.keys(facts.floor).sort()).toEqual([...kinds].sort());
  });

  // What the check before misses.
  const known = kinds.filter((kind) => {
    const [type] = kind.split(' ');
    return facts.kinds[kind] && facts.floor[kind] && definition.capabilities.exhaustive?.[type!];
  });
  for (const kind of known.filter((each) => each.endsWith(' none'))) {
    test(`${kind}: what scans every point is exact`, () => {
      const { kind: how } = definition.capabilities.exhaustive![kind.split(' ')[0]!]!;
      const floors = Object.values(facts.floor[kind]!).filter((floor) => !Number.isNaN(floor));
      if (how === 'scan') expect(floors.every((floor) => floor === 1)).toBe(true);
      else expect(kind).toMatch(/^hnsw /);
    });
  }

  /** As many points as the engine says that it visits, and not one more. */
  const count = Math.min(COUNT, facts.visits ?? COUNT);
  for (const kind of known) {
    for (const metric of NUMBER_METRICS) {
      const options = exhaustiveSetting(contender, kind, count);
      const floor = facts.floor[kind]![metric];
      if (floor === undefined) {
        const what = `${kind} under ${metric} has a floor, or the engine lacks the metric`;
        test(what, () => expect(definition.capabilities.metrics.includes(metric)).toBe(false));
        continue;
      }
      const { index, search } = parsed(definition, options);
      const shape = { metric, dimensions: 384, count, k: 10 };

      if (Number.isNaN(floor)) {
        test(`${kind} under ${metric} is refused while planning`, () => {
          const issues = definition.checkData(shape, index, search);
          expect(issues).toHaveLength(1);
          expect(issues[0]!.what).toContain(metric);
        });
        continue;
      }
      test(`${kind} under ${metric} reaches recall ${floor} with an exhaustive search`, async () => {
        expect(definition.checkData(shape, index, search)).toEqual([]);
        const data = await slice(metric, count, QUERIES);
        const session = await build(contender, data, { index: options.index, threads });
        const found = recall(data, rowsOf(await session.search(options.search, 10)), 10);
        await session.close();
        expect(found).toBeGreaterThanOrEqual(floor);
      });
    }
  }
}
