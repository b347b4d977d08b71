import { afterAll, describe, expect, test } from 'vitest';
import type { EngineDefinition } from '../../engines/engine.js';
import { recall, slice } from './data.js';
import { writeMeasured } from './engines-doc.js';
import { build, contenders, rowsOf } from './session.js';
import { FILTER_SETTINGS, SWEEPS, type Sweep, type SweepResult, withValue } from './sweeps.js';

const COUNT = 3000;
const QUERIES = 200;
/** Two neighbouring values may come out in the wrong order by this much, as some builds are random. */
const SLACK = 0.03;

/** What a stand-in cannot do as the server does. */
const STAND_IN_LACKS: Readonly<Record<string, string>> = {
  'qdrant segments': 'the stand-in writes one segment',
};

const results: SweepResult[] = [];

for (const { name, definition, missing, suffix, standIn } of contenders) {
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, () => {
    test('every parameter that its schemas know is swept', () => {
      const known = Object.entries(definition.optionSchemas()).flatMap(([part, schema]) =>
        Object.keys(schema['properties'] as object).map((key) => `${part}.${key}`),
      );
      const swept = new Set(SWEEPS[name]!.map(({ part, key }) => `${part}.${key}`));
      const fixedByName = [
        'index.type',
        ...FILTER_SETTINGS,
        ...(SWEEPS[name]!.some(({ key }) => key === 'quantization') ? [] : ['index.quantization']),
      ];
      expect([...swept].sort()).toEqual(known.filter((key) => !fixedByName.includes(key)).sort());
    });

    for (const sweep of SWEEPS[name]!) {
      const { key, values, fixed, recall: direction, by } = sweep;
      const title = `${key} ${values.join(', ')} with ${JSON.stringify(fixed)}`;
      const unlike = standIn === undefined ? undefined : STAND_IN_LACKS[`${name} ${key}`];
      const why = unlike === undefined ? '' : ` (skipped: ${unlike})`;
      test.skipIf(unlike !== undefined)(`${title}: recall ${direction} by at least ${by}${why}`, async () => {
        const recalls = await measure(definition, sweep);
        results.push({ engine: name, sweep, recalls });
        const sign = direction === 'rises' ? 1 : -1;
        expect(
          sign * (recalls.at(-1)! - recalls[0]!),
          `recalls ${recalls.join(', ')}`,
        ).toBeGreaterThanOrEqual(by);
        for (let i = 1; i < recalls.length; i++) {
          expect(sign * (recalls[i]! - recalls[i - 1]!), `recalls ${recalls.join(', ')}`).toBeGreaterThan(
            -SLACK,
          );
        }
      });
    }
  });
}

afterAll(async () => {
  if (process.env['VECPARITY_WRITE_DOCS'] === '1')
    await writeMeasured(results, { points: COUNT, queries: QUERIES });
});

async function measure(definition: EngineDefinition, sweep: Sweep): Promise<number[]> {
  const data = await slice('cosine', COUNT, QUERIES);
  // A second thread only where it cannot cost determinism.
  const threads = definition.capabilities.deterministicBuild === 'never' ? 2 : 1;
  const recalls: number[] = [];
  let session: Awaited<ReturnType<typeof build>> | undefined;
  for (const value of sweep.values) {
    const { index, search } = withValue(sweep, value);
    if (session === undefined || sweep.part === 'index') {
      await session?.close();
      session = await build(definition, data, { index, threads });
    }
    recalls.push(recall(data, rowsOf(await session.search(search, 10)), 10));
  }
  await session?.close();
  return recalls;
}
